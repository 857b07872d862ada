/** How the queue looks: the table of `queue list`, and one message with all its attempts. */

import type {
  AttemptRecord,
  QueueRecipient,
  QueueStore,
  RecipientState,
  QueuedMessage,
} from "../store/queue.ts";
import { print, showDuration, showSize, showTime, table } from "./output.ts";

type QueueRow = ReturnType<QueueStore["list"]>[number];

export function printQueue(
  rows: readonly QueueRow[],
  counts: Readonly<Record<RecipientState, number>> | undefined,
  nowMs: number,
): void {
  if (rows.length === 0) {
    const waiting = counts === undefined ? 1 : counts.due + counts.leased + counts.held;
    print(waiting === 0 ? "The queue is empty." : "Nothing in the queue fits.");
    return;
  }
  print(
    table(rows, [
      { title: "ID", value: (row) => row.queueId },
      { title: "SIZE", value: (row) => showSize(row.sizeOctets), align: "right" },
      { title: "AGE", value: (row) => showDuration(nowMs - row.arrivedAtMs), align: "right" },
      { title: "STATE", value: (row) => row.state },
      { title: "NEXT", value: (row) => next(row, nowMs), align: "right" },
      { title: "TRIES", value: (row) => row.attempts, align: "right" },
      { title: "SENDER", value: (row) => sender(row.reversePath) },
      { title: "RECIPIENT", value: (row) => row.recipient },
      {
        title: "LAST PROBLEM",
        value: (row) => (row.heldBecause ?? row.lastProblem)?.slice(0, 100),
      },
    ]),
  );
  if (counts === undefined) return;
  print(`-- ${counts.due} due, ${counts.leased} under way, ${counts.held} held`);
}

export type ShownMessage = { readonly facts: object; readonly text: string };

export function showQueued(queue: QueueStore, id: string): ShownMessage | undefined {
  const message = queue.message(id);
  if (message === undefined) return undefined;
  const recipients = queue.list({ queueId: id }).map((row) => ({
    ...row,
    attemptRecords: queue.attempts(row.recipientId),
  }));
  const { prefix: _prefix, ...plain } = message;
  const head = [
    `Message ${message.queueId}`,
    `  from      ${sender(message.reversePath)}`,
    `  arrived   ${showTime(message.arrivedAtMs)}`,
    `  size      ${showSize(message.sizeOctets)}`,
    ...(message.submittedBy === undefined ? [] : [`  sent by   ${message.submittedBy}`]),
    ...wishLines(message),
  ];
  const body = recipients.flatMap((row) => ["", ...recipientLines(row, row.attemptRecords)]);
  return { facts: { ...plain, recipients }, text: [...head, ...body].join("\n") };
}

/** What the sender asked of the way. */
function wishLines({ tls, priority, deliverBy }: QueuedMessage): string[] {
  const lines: string[] = [];
  if (priority !== 0) lines.push(`  priority  ${priority}`);
  if (tls !== undefined) lines.push(`  tls       ${tls}`);
  if (deliverBy !== undefined) {
    const then = deliverBy.mode === "return" ? "it is given back" : "the sender is told";
    lines.push(`  by        ${showTime(deliverBy.untilMs)}, else ${then}`);
  }
  return lines;
}

function recipientLines(row: QueueRecipient, attempts: readonly AttemptRecord[]): string[] {
  return [
    `${row.recipient}  (${row.transport} to ${row.destination})`,
    row.state === "held"
      ? `  held: ${row.heldBecause ?? "no reason given"}`
      : `  ${row.state === "leased" ? "under way" : "next try"}  ${showTime(row.nextAttemptMs)}`,
    ...attempts.map(attemptLine),
  ];
}

/** What we say of a host names it; its own replies do not. */
function attemptLine({ atMs, durationMs, host, tls, reply }: AttemptRecord): string {
  const isNamed = host !== "" && reply.includes(host);
  const where = [isNamed ? "" : host || "no host", tls ?? ""].filter((word) => word !== "");
  const words = [showTime(atMs), where.join(" "), reply, `(${Math.round(durationMs)} ms)`];
  return `  ${words.filter((word) => word !== "").join("  ")}`;
}

function next(row: QueueRecipient, nowMs: number): string {
  if (row.state === "held") return "-";
  const waitMs = row.nextAttemptMs - nowMs;
  return row.state === "leased" || waitMs <= 0 ? "now" : showDuration(waitMs);
}

function sender(reversePath: string): string {
  return reversePath === "" ? "<>" : reversePath;
}
