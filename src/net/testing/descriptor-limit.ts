/** A process of its own that echoes, started by a test under a low limit of descriptors. Prints its port, what it logs, and its CPU time at the end. */

import type { Log } from "../../base/log.ts";
import { ConnectionBudget, connectionsWithin, descriptorLimit } from "../connection-budget.ts";
import { listen } from "../listen.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const log: Log = {
  debug() {},
  info() {},
  warn: (event) => say(event),
  error: (event) => say(event),
  child: () => log,
};

const listener = await listen({
  host: "127.0.0.1",
  port: 0,
  tls: "none",
  log,
  budget: new ConnectionBudget(connectionsWithin(10_000, descriptorLimit()), log),
  refusal: () => new Uint8Array(Buffer.from("421 full\r\n")),
  onChannel: async (channel) => {
    for (let piece = await channel.read(20_000); piece; piece = await channel.read(20_000)) {
      await channel.write(piece);
    }
  },
});
const before = process.cpuUsage();
say(String(listener.endpoint.port));
process.stdin.resume();
process.stdin.once("end", () => {
  const used = process.cpuUsage(before);
  say(`${Math.round((used.user + used.system) / 1000)}`);
  void listener.drain(0);
});
