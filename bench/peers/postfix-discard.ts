/**
 * Debian's Postfix in a folder of its own, delivering to its discard transport: it takes SMTP, syncs
 * each message into its queue, and drops it. Needs root and the package; touches nothing of the system's.
 */

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

export type PostfixDiscard = {
  readonly smtpPort: number;
  readonly domain: string;
  /** Of its master process. */
  readonly pid: number;
  /** No message is left in its queue. */
  readonly isDrained: () => boolean;
  stop(): void;
};

export function canRunPostfix(): boolean {
  return process.getuid?.() === 0 && existsSync("/usr/sbin/postfix");
}

export async function startPostfixDiscard(
  folder: string,
  smtpPort: number,
): Promise<PostfixDiscard> {
  const domain = "bench.example";
  chmodSync(folder, 0o755);
  const config = writeConfig(folder, smtpPort, domain);
  execFileSync("postfix", ["-c", config, "start"], { stdio: "pipe" });
  await untilListening(smtpPort);
  const queue = join(folder, "queue");
  return {
    smtpPort,
    domain,
    pid: Number(readFileSync(join(queue, "pid/master.pid"), "utf8").trim()),
    isDrained: () =>
      ["maildrop", "incoming", "active", "deferred"].every((name) =>
        readdirSync(join(queue, name), { recursive: true, withFileTypes: true }).every(
          (entry) => !entry.isFile(),
        ),
      ),
    stop() {
      execFileSync("postfix", ["-c", config, "stop"], { stdio: "pipe" });
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

function writeConfig(folder: string, smtpPort: number, domain: string): string {
  const config = join(folder, "postfix");
  const queue = join(folder, "queue");
  const data = join(folder, "postfix-data");
  for (const needed of [config, queue, data]) mkdirSync(needed, { recursive: true });
  execFileSync("chown", ["postfix", data]);
  writeFileSync(
    join(config, "main.cf"),
    `
compatibility_level = 3.6
queue_directory = ${queue}
data_directory = ${data}
maillog_file = ${folder}/postfix.log
maillog_file_prefixes = ${folder}
myhostname = bench.invalid
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = ${domain}
virtual_transport = discard:
virtual_mailbox_maps = static:ok
mynetworks = 127.0.0.0/8
message_size_limit = 52428800
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
default_process_limit = 200
smtputf8_enable = no
alias_maps =
`,
  );
  writeFileSync(
    join(config, "master.cf"),
    `
127.0.0.1:${smtpPort} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`,
  );
  return config;
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("connect", () => (socket.destroy(), resolve(true)));
      socket.on("error", () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nothing listens on port ${port} after 10 s`);
}
