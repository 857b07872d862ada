/** Debian's Dovecot as it serves mailboxes best: mdbox, no TLS, its own index caches, fsync as it comes (optimized). */

import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export type DovecotMailbox = {
  readonly imapPort: number;
  readonly pop3Port: number;
  /** So that it begins with nothing in memory. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

export function canRunDovecot(): boolean {
  return existsSync("/usr/sbin/dovecot") && process.getuid?.() === 0;
}

export async function startDovecotMailbox(imapPort: number): Promise<DovecotMailbox> {
  const pop3Port = imapPort + 1;
  const folder = mkdtempSync(join(tmpdir(), "posthorn-bench-dovecot-"));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "mail"));
  chmodSync(join(folder, "mail"), 0o777);
  const config = join(folder, "dovecot.conf");
  writeFileSync(config, configuration(folder, imapPort, pop3Port));
  const start = async (): Promise<() => Promise<void>> => {
    const child = spawn("/usr/sbin/dovecot", ["-F", "-c", config], { stdio: "ignore" });
    const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
    await Promise.all([imapPort, pop3Port].map(untilListening));
    return async () => {
      child.kill("SIGTERM");
      await ended;
    };
  };
  let end = await start();
  return {
    imapPort,
    pop3Port,
    async restart() {
      await end();
      end = await start();
    },
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

function configuration(folder: string, imapPort: number, pop3Port: number): string {
  return `protocols = imap pop3
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = mdbox:${folder}/mail/%n
mail_max_userip_connections = 100
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=${folder}/mail/%n allow_all_users=yes
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Archive {
    auto = create
  }
  mailbox Trash {
    auto = create
  }
  mailbox Sent {
    auto = create
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
service pop3-login {
  inet_listener pop3 {
    port = ${pop3Port}
  }
  inet_listener pop3s {
    port = 0
  }
}
`;
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("connect", () => (socket.destroy(), resolve(true)));
      socket.on("error", () => resolve(false));
    });
    if (isUp) return;
    await pause(50);
  }
  throw new Error(`dovecot does not listen on ${port}`);
}
