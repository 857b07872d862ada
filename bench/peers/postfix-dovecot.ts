/**
 * Debian's Postfix and Dovecot in a folder of their own, as the peers that Posthorn is measured
 * beside: Postfix takes SMTP and hands to Dovecot over LMTP, Dovecot files into maildirs. Both sync
 * to disk as they do out of the box. Needs root and the packages; touches nothing of the system's.
 */

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { untilListening, writePostfixConfig } from "./postfix-instance.ts";

export type PostfixDovecot = {
  readonly smtpPort: number;
  readonly lmtpPort: number;
  readonly imapPort: number;
  readonly domain: string;
  /** Messages in all maildirs. */
  delivered(): number;
  /** CPU seconds of all their processes so far. */
  cpuSeconds(): number;
  stop(): void;
};

export function canRunPostfixDovecot(): boolean {
  return (
    process.getuid?.() === 0 && existsSync("/usr/sbin/postfix") && existsSync("/usr/sbin/dovecot")
  );
}

export async function startPostfixDovecot(
  folder: string,
  firstPort = 35250,
): Promise<PostfixDovecot> {
  const smtpPort = firstPort;
  const lmtpPort = firstPort + 1;
  const imapPort = firstPort + 2;
  const domain = "bench.example";
  const mailFolder = join(folder, "mail");
  const mailUser = { uid: 8, gid: 8 }; // Debian's `mail`
  mkdirSync(mailFolder, { recursive: true });
  chownSync(mailFolder, mailUser.uid, mailUser.gid);
  chmodSync(folder, 0o755);

  const dovecot = startDovecot(folder, mailFolder, lmtpPort, imapPort);
  const postfixConfig = writePostfixConfig(
    folder,
    smtpPort,
    domain,
    `lmtp:inet:127.0.0.1:${lmtpPort}`,
  );
  execFileSync("postfix", ["-c", postfixConfig, "start"], { stdio: "pipe" });
  await Promise.all([smtpPort, lmtpPort, imapPort].map(untilListening));

  return {
    smtpPort,
    lmtpPort,
    imapPort,
    domain,
    delivered: () =>
      readdirSync(mailFolder)
        .map((user) => join(mailFolder, user, "new"))
        .filter((inbox) => existsSync(inbox))
        .reduce((sum, inbox) => sum + readdirSync(inbox).length, 0),
    cpuSeconds: () => cpuSecondsOf([folder, "postfix", "dovecot"]),
    stop() {
      execFileSync("postfix", ["-c", postfixConfig, "stop"], { stdio: "pipe" });
      dovecot.kill("SIGTERM");
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

function startDovecot(
  folder: string,
  mailFolder: string,
  lmtpPort: number,
  imapPort: number,
): ChildProcess {
  const config = join(folder, "dovecot.conf");
  writeFileSync(
    config,
    `
protocols = imap lmtp
base_dir = ${folder}/dovecot-run
state_dir = ${folder}/dovecot-state
log_path = ${folder}/dovecot.log
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:${mailFolder}/%n
default_process_limit = 200
passdb {
  driver = static
  args = password=bench
}
userdb {
  driver = static
  args = uid=8 gid=8 home=${mailFolder}/%n allow_all_users=yes
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${lmtpPort}
  }
}
service imap-login {
  inet_listener imap {
    port = ${imapPort}
  }
  inet_listener imaps {
    port = 0
  }
}
`,
  );
  return spawn("dovecot", ["-F", "-c", config], { stdio: "ignore" });
}

/** User and system time of the processes whose command line or user names one of `marks`, children that ended included. */
function cpuSecondsOf(marks: readonly string[]): number {
  const ticksASecond = 100;
  let ticks = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
      const isTheirs =
        marks.some((mark) => command.includes(mark)) ||
        [
          "smtpd",
          "cleanup",
          "qmgr",
          "lmtp",
          "trivial-rewrite",
          "master",
          "anvil",
          "auth",
          "log",
          "config",
        ].includes(name);
      if (isTheirs) ticks += fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    } catch {
      // The process ended between the listing and the reading.
    }
  }
  return ticks / ticksASecond;
}
