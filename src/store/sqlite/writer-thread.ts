/** The writer's thread: takes batches from the event loop, and puts all that wait into one commit. */

import { setImmediate } from "node:timers/promises";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";

import { InvariantError } from "../../base/errors.ts";
import type { Batch, FromWriter, Tidy, ToWriter, WriterOptions } from "./requests.ts";
import type { CommitPoint } from "./commit-point.ts";
import { failureOf, StoreWriter } from "./writer.ts";

if (parentPort === null) throw new InvariantError("the writer runs on a thread of its own");
const port = parentPort;
const options = workerData as WriterOptions;

const waiting: Batch[] = [];
/** A bite of compaction is asked for; it waits until no batch does. */
let tidying: Tidy | undefined;
let isCommitting = false;
let isClosing = false;
let payTimer: NodeJS.Timeout | undefined;

function say(message: FromWriter): void {
  port.postMessage(message, message.type === "answers" ? [message.entries.numbers.buffer] : []);
}

function take(message: ToWriter): void {
  if (message.type === "close") isClosing = true;
  else if (message.type === "tidy") tidying = message;
  else waiting.push(message);
}

async function commitAll(writer: StoreWriter): Promise<void> {
  isCommitting = true;
  for (;;) {
    // Whatever has come while the last commit was under way shares the next one.
    for (let more = receiveMessageOnPort(port); more; more = receiveMessageOnPort(port)) {
      take(more.message as ToWriter);
    }
    if (waiting.length > 0) {
      say(await writer.commit(waiting.splice(0)));
      // However much waits: what is done behind it must be heard of.
      if (writer.isSyncing) await setImmediate();
    } else if (tidying !== undefined) {
      const { nowMs } = tidying;
      tidying = undefined;
      say(await writer.tidy(nowMs));
    } else {
      break;
    }
  }
  if (!isClosing) {
    isCommitting = false;
    paySoon(writer);
    return;
  }
  clearTimeout(payTimer);
  await writer.close();
  say({ type: "closed" });
  port.close();
}

/** Settlements share the sync of the next commit; where none comes in time, they get one of their own. */
function paySoon(writer: StoreWriter): void {
  const { debt } = writer;
  if (payTimer !== undefined || debt === undefined) return;
  payTimer = setTimeout(() => {
    payTimer = undefined;
    // During a commit nothing: at its end it is asked again.
    if (isCommitting) return;
    if (writer.debt === debt) writer.payDebt();
    paySoon(writer);
  }, options.settlementLingerMs);
}

async function start(): Promise<void> {
  const hooks =
    options.hooks === undefined
      ? undefined
      : ((await import(options.hooks)) as { at: (point: CommitPoint) => void });
  const writer = new StoreWriter({
    folder: options.folder,
    segmentOctets: options.segmentOctets,
    feedEntriesKept: options.feedEntriesKept,
    compaction: options.compaction,
    redo: options.redo,
    settlementLingerMs: options.settlementLingerMs,
    at: hooks?.at,
  });
  port.on("message", (message: ToWriter) => {
    take(message);
    if (!isCommitting) void commitAll(writer);
  });
  say({ type: "opened", writerId: writer.writerId });
}

start().catch((error: unknown) => say({ type: "failed", failure: failureOf(error) }));
