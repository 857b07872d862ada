/** Debian's unbound with a zone of the test's own: what it does not hold under `test.` does not exist. */

import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DnsResolver } from "../../src/net/dns-resolver.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import { silentLog } from "../../src/base/log.ts";
import { findProgram } from "./peers.ts";

export type UnboundServer = { readonly port: number; stop(): Promise<void> };

const ADDRESS = "127.0.0.1";

/** `records`: lines of a zone file. Questions below `broken` get SERVFAIL. */
export async function startUnbound(
  folder: string,
  records: readonly string[],
  broken: readonly string[],
): Promise<UnboundServer> {
  const port = await freeUdpPort();
  const nobody = await freeUdpPort();
  const config = join(folder, "unbound.conf");
  const forwards = broken.map(
    (name) => `forward-zone:\n  name: "${name}"\n  forward-addr: ${ADDRESS}@${nobody}\n`,
  );
  writeFileSync(
    config,
    `server:
  interface: ${ADDRESS}
  port: ${port}
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: "${folder}/unbound.pid"
  use-syslog: no
  logfile: "${folder}/unbound.log"
  do-daemonize: no
  do-not-query-localhost: no
  module-config: "iterator"
  local-zone: "test." static
${broken.map((name) => `  local-zone: "${name}" transparent\n`).join("")}${records
      .map((record) => `  local-data: '${record}'\n`)
      .join("")}
${forwards.join("")}
remote-control:
  control-enable: no
`,
  );
  const child = spawn(findProgram("unbound") ?? "unbound", ["-d", "-c", config], {
    stdio: "ignore",
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  await untilAnswering(port, records[0].split(" ")[0]);
  return {
    port,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function untilAnswering(port: number, name: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const resolver = new DnsResolver({
      settings: { servers: [{ address: ADDRESS, port }], timeoutMs: 500, attempts: 1 },
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
    });
    const answer = await resolver.mx(name);
    if (answer.status !== "failed") return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("unbound does not answer");
}

function freeUdpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.on("error", reject);
    socket.bind(0, ADDRESS, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
