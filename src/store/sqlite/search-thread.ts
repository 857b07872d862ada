/** The thread that builds the search index, a little at a time and behind everything else. */

import { platform, setPriority } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

import { InvariantError } from "../../base/errors.ts";
import { SearchBuilder } from "./search-builder.ts";
import { discardSearch } from "./search-database.ts";
import type { FromSearchThread, SearchThreadOptions, ToSearchThread } from "./search-requests.ts";
import { storeFolders } from "./store-files.ts";

if (parentPort === null)
  throw new InvariantError("the search index is built on a thread of its own");
const port = parentPort;
const { folder } = workerData as SearchThreadOptions;
const folders = storeFolders(folder);

const NICENESS = 10;
/** After something went wrong: a full disk, most likely. */
const RETRY_MS = 30_000;
/** A disk that damages one index after another is not written to all the time. */
const REBUILD_MS = 600_000;

/** In the order in which they get a turn. */
const unfinished = new Set<number>();
const removals: { readonly mailboxId: number; readonly uids: readonly number[] }[] = [];
const waiting: number[] = [];
const closing = new AbortController();
let isClosing = false;
let isRunning = false;
let builder: SearchBuilder | undefined;
/** What a search has found. */
let damage: string | undefined;
let begunAnewMs = -Infinity;

function say(message: FromSearchThread): void {
  port.postMessage(message);
}

/** On Linux the priority of thread 0 is that of this thread alone. */
function yieldToOthers(): boolean {
  if (platform() !== "linux") return false;
  try {
    setPriority(0, NICENESS);
    return true;
  } catch {
    return false;
  }
}

const isNice = yieldToOthers();

function take(message: ToSearchThread): void {
  switch (message.type) {
    case "changed":
      for (const id of message.mailboxIds) unfinished.add(id);
      removals.push(...message.removals);
      break;
    case "wait":
      waiting.push(message.serial);
      break;
    case "damaged":
      if (message.fileNumber === builder?.fileNumber) damage = message.problem;
      break;
    case "close":
      isClosing = true;
      closing.abort();
  }
}

/** The builder of the index that lies there; opened anew when it is another one than before. */
function current(): SearchBuilder {
  if (builder?.isInPlace === false) shut();
  if (builder !== undefined) return builder;
  builder = new SearchBuilder(folders);
  for (const id of builder.unfinished()) unfinished.add(id);
  return builder;
}

function shut(): void {
  builder?.close();
  builder = undefined;
}

function mayBeginAnew(): boolean {
  return performance.now() - begunAnewMs > REBUILD_MS;
}

/** Throws away what is damaged, and says so. */
function beginAnew(problem: string): void {
  shut();
  discardSearch(folders.search);
  begunAnewMs = performance.now();
  say({ type: "damaged", problem });
}

/** One step of one mailbox, then the next one's turn. */
function step(): boolean {
  if (damage !== undefined && mayBeginAnew()) beginAnew(damage);
  damage = undefined;
  const builder = current();
  const removal = removals.shift();
  if (removal !== undefined) {
    builder.remove(removal.mailboxId, removal.uids);
    return true;
  }
  for (const id of unfinished) {
    unfinished.delete(id);
    if (builder.step(id)) unfinished.add(id);
    return true;
  }
  return false;
}

async function recover(error: unknown): Promise<void> {
  if (builder?.isDamaged === true && mayBeginAnew()) return beginAnew(String(error));
  say({ type: "failed", problem: String(error) });
  shut();
  await pause(RETRY_MS, undefined, { signal: closing.signal }).catch(() => {});
}

async function work(): Promise<void> {
  isRunning = true;
  while (!isClosing) {
    const startedMs = performance.now();
    try {
      if (!step()) break;
    } catch (error) {
      await recover(error);
    }
    // Messages are heard between steps; without a lower priority, others get half of the time.
    await pause(isNice || waiting.length > 0 ? 0 : performance.now() - startedMs);
  }
  isRunning = false;
  for (const serial of waiting.splice(0)) say({ type: "done", serial });
  if (!isClosing) return;
  shut();
  port.close();
}

port.on("message", (message: ToSearchThread) => {
  take(message);
  if (!isRunning) void work();
});
void work();
