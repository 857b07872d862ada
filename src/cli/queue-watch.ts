/** `posthorn queue watch`: the queue as it is now, again and again, until Ctrl-C. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { QueueStore, RecipientState } from "../store/queue.ts";
import { readAge, readCount } from "./arguments.ts";
import { print } from "./output.ts";
import { shapeTable } from "./queue-shape.ts";
import { withStore } from "./with-store.ts";

type WatchOptions = { interval: string; count?: string; json?: boolean };
type Look = { readonly atMs: number; readonly counts: Readonly<Record<RecipientState, number>> };

const SHOWN = 15;
const CLEAR = "\x1b[H\x1b[2J";

export function addWatchCommand(queue: Command): void {
  queue
    .command("watch")
    .description("the queue as it changes; ends with Ctrl-C")
    .option("--interval <time>", "look so often", "2s")
    .option("--count <number>", "end after so many looks")
    .option("--json", "one JSON object a line")
    .action(async (options: WatchOptions, command: Command) => {
      const intervalMs = readAge(options.interval);
      const count = options.count === undefined ? Infinity : readCount(options.count);
      const ended = new AbortController();
      process.once("SIGINT", () => ended.abort());
      await withStore(command, async ({ queue: store }) => {
        let before: Look | undefined;
        for (let look = 1; look <= count && !ended.signal.aborted; look++) {
          const now = { atMs: Date.now(), counts: store.counts() };
          show(store, now, before, options.json === true);
          before = now;
          if (look === count) break;
          await sleep(intervalMs, undefined, { signal: ended.signal }).catch(() => {});
        }
      });
    });
}

function show(store: QueueStore, now: Look, before: Look | undefined, isJson: boolean): void {
  const shape = store.shape("destination", now.atMs, SHOWN);
  const change = before && ((sum(now) - sum(before)) / Math.max(1, now.atMs - before.atMs)) * 1000;
  if (isJson) {
    const time = new Date(now.atMs).toISOString();
    const rate = change === undefined ? undefined : Math.round(change * 10) / 10;
    print(JSON.stringify({ time, ...now.counts, changePerSecond: rate, ...shape }));
    return;
  }
  const { due, leased, held } = now.counts;
  const time = new Date(now.atMs).toTimeString().slice(0, 8);
  const trend =
    change === undefined ? "" : `, ${change > 0 ? "+" : ""}${change.toFixed(1)} a second`;
  const head = `${time}  ${due} due, ${leased} under way, ${held} held${trend}`;
  const isTerminal = process.stdout.isTTY;
  print(isTerminal ? `${CLEAR}${head}\n\n${shapeTable(shape)}\n\nCtrl-C ends.` : head);
}

function sum({ counts }: Look): number {
  return counts.due + counts.leased + counts.held;
}
