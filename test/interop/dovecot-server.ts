/** Dovecot as somebody else's IMAP server: its own process, folder, port and certificate. */

import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect, type AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { makeSelfSigned } from "../../src/net/self-signed.ts";

export const DOVECOT_PASSWORD = "dovecot-password";

export type DovecotServer = {
  readonly imap: number;
  readonly imaps: number;
  /** PEM, to be trusted. */
  readonly certificate: string;
  readonly certificateFile: string;
  stop(): Promise<void>;
};

/** Every user name is good, with the one password. */
export async function startDovecot(): Promise<DovecotServer> {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-dovecot-"));
  const [imap, imaps] = [await freePort(), await freePort()];
  const { certificate, key } = await makeSelfSigned(["localhost", "127.0.0.1"], Date.now());
  const certificateFile = join(folder, "certificate.pem");
  writeFileSync(certificateFile, certificate);
  writeFileSync(join(folder, "key.pem"), key, { mode: 0o600 });
  // Mail belongs to an unprivileged user: Dovecot refuses to keep root's.
  const isRoot = process.getuid?.() === 0;
  const { uid, gid, username } = isRoot
    ? { uid: 65534, gid: 65534, username: "nobody" }
    : userInfo();
  mkdirSync(join(folder, "mail"));
  chmodSync(folder, 0o755);
  chmodSync(join(folder, "mail"), 0o777);
  const own = isRoot
    ? ""
    : `default_internal_user = ${username}\ndefault_login_user = ${username}\n`;
  writeFileSync(
    join(folder, "dovecot.conf"),
    `protocols = imap
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
listen = 127.0.0.1
ssl = yes
ssl_cert = <${certificateFile}
ssl_key = <${folder}/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login scram-sha-256
first_valid_uid = 1
${own}passdb {
  driver = static
  args = password=${DOVECOT_PASSWORD}
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${folder}/mail/%u
}
mail_location = maildir:~/Maildir
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = create
    special_use = \\Sent
  }
}
service imap-login {
  ${isRoot ? "" : "chroot ="}
  inet_listener imap {
    port = ${imap}
  }
  inet_listener imaps {
    port = ${imaps}
    ssl = yes
  }
}
`,
  );
  const child = spawn("/usr/sbin/dovecot", ["-F", "-c", join(folder, "dovecot.conf")], {
    stdio: "ignore",
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  await untilListening(imap, () => readFileSync(join(folder, "dovecot.log"), "utf8"));
  return {
    imap,
    imaps,
    certificate,
    certificateFile,
    async stop() {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function untilListening(port: number, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("connect", () => (socket.destroy(), resolve(true)));
      socket.on("error", () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`dovecot does not listen:\n${log()}`);
}
