/**
 * Postfix's test of life: 50,000 messages (`POSTHORN_BENCH_MESSAGES`) to 200 destinations, twenty of
 * them slow and ten dead, in one process over memory channels. How many go in a second, and how long
 * a fresh mail takes while the backlog runs.
 */

import { liveThrough } from "../test/queue/queue-life.ts";

const MESSAGES = Number(process.env["POSTHORN_BENCH_MESSAGES"] ?? 50_000);

export async function run(): Promise<void> {
  const { seconds, delivered, fresh, waiting, doubled } = await liveThrough({
    messages: MESSAGES,
    destinations: 200,
    slow: 20,
    dead: 10,
    slowMs: 300,
    fresh: 20,
  });
  const slowest = Math.max(...fresh.map(({ ms }) => ms));
  const most = Math.max(...fresh.map(({ others }) => others));
  console.log(
    `${delivered} delivered in ${seconds.toFixed(1)} s, ${Math.round(delivered / seconds)} a second; ` +
      `${waiting} wait for the dead; ${doubled} doubled.`,
  );
  console.log(
    `A fresh mail took ${Math.round(slowest)} ms at most, behind ${most} others at most.`,
  );
}
