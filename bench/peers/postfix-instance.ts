/** An instance of Debian's Postfix in a folder of its own, for the peers that stand on it. */

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

/** Writes the configuration, mail for `domain` going to `transport`; returns the folder for `postfix -c`. */
export function writePostfixConfig(
  folder: string,
  smtpPort: number,
  domain: string,
  transport: string,
): string {
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
virtual_transport = ${transport}
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
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`,
  );
  return config;
}

export async function untilListening(port: number): Promise<void> {
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
