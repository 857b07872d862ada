/**
 * Handing out what is due. What waited and has become due gets its place among the ready; then the
 * lanes are served by rank, each as far as its destination has room. Costs are by what is handed
 * out and by destinations, never by how much waits.
 */

import type { QueueJob } from "../queue.ts";
import type { CommitContext } from "./commit-context.ts";
import { ASKED_RANKS, CLASS_RANKS } from "./fair-rank.ts";
import {
  ENVELOPE_COLUMNS,
  LEASED,
  queuedMessageOf,
  RECIPIENT_COLUMNS,
  recipientOf,
  type EnvelopeRow,
  type RecipientRow,
} from "./queue-rows.ts";
import type { Lane } from "./ready-lanes.ts";
import type { RequestOf } from "./requests.ts";

/** After so many leases without an outcome a recipient is taken for poison. */
const MAX_LAPSES = 5;
const POISON = "taken in hand five times without an outcome; look at it, then release or delete it";
/** What has become due gets its place in portions, so that a large backlog holds nobody up. */
const READIED_AT_ONCE = 300;
/** Fresh mail goes before retries that became due less than this ago. */
const RETRY_TURN_MS = 5 * 60_000;
/** Of a message with more recipients than this, those nearby in rank go together. */
const MANY_RECIPIENTS = 500;
const LOOKED_AT_NEARBY = 500;

type Head = {
  readonly id: number;
  readonly envelopeId: number;
  readonly transport: string;
  readonly rank: number;
};

export function claim(context: CommitContext, request: RequestOf<"claim">): QueueJob[] {
  endLapsedLeases(context, request.nowMs);
  readyDue(context, request.nowMs);
  context.lanes.refresh(request.nowMs);
  const rooms = new Rooms(request);
  const jobs: QueueJob[] = [];
  const passed: Lane[] = [];
  while (jobs.length < request.limit) {
    const lane = context.lanes.take();
    if (lane === undefined) break;
    if (!rooms.hasRoom(lane.destination)) {
      passed.push(lane);
      continue;
    }
    const head = headOf(context, lane.destination);
    if (head === undefined) continue;
    // Its first has gone meanwhile: the next may have to wait behind other lanes.
    if (head.rank > lane.rank) {
      context.lanes.offer(lane.destination, head.rank);
      continue;
    }
    jobs.push(leaseJob(context, lane.destination, head, request));
    rooms.take(lane.destination);
    const next = headOf(context, lane.destination);
    if (next !== undefined) context.lanes.offer(lane.destination, next.rank);
  }
  for (const { destination, rank } of passed) context.lanes.offer(destination, rank);
  return jobs;
}

/** How many jobs each destination can take. */
class Rooms {
  readonly #rooms: Map<string, { room: number }> = new Map();
  readonly #only: ReadonlySet<string> | undefined;
  readonly #elsewhere: number;

  constructor({ busy, sites, only, roomElsewhere }: RequestOf<"claim">) {
    this.#only = only && new Set(only);
    this.#elsewhere = roomElsewhere;
    for (const { destinations, room } of sites) {
      const shared = { room };
      for (const destination of destinations) this.#rooms.set(destination, shared);
    }
    for (const destination of busy) this.#rooms.set(destination, { room: 0 });
  }

  hasRoom(destination: string): boolean {
    if (this.#only !== undefined && !this.#only.has(destination)) return false;
    return (this.#rooms.get(destination)?.room ?? this.#elsewhere) > 0;
  }

  take(destination: string): void {
    let room = this.#rooms.get(destination);
    if (room === undefined) this.#rooms.set(destination, (room = { room: this.#elsewhere }));
    room.room--;
  }
}

function headOf({ database }: CommitContext, destination: string): Head | undefined {
  return database.get<Head>(
    `SELECT id, envelope_id AS envelopeId, transport, rank FROM recipient
     WHERE state = 0 AND destination = ? ORDER BY rank LIMIT 1`,
    destination,
  );
}

function leaseJob(
  context: CommitContext,
  destination: string,
  head: Head,
  request: RequestOf<"claim">,
): QueueJob {
  const { database } = context;
  const envelope = database.get<EnvelopeRow & { readonly recipients: number }>(
    `SELECT ${ENVELOPE_COLUMNS}, recipients FROM envelope WHERE id = ?`,
    head.envelopeId,
  );
  if (envelope === undefined) throw new Error(`recipient ${head.id} has no envelope`);
  const rows = recipientsWith(context, destination, head, envelope.recipients, request);
  for (const { id } of rows) {
    database.run(
      `UPDATE recipient SET state = ${LEASED}, next_attempt_ms = ?, leased_by = ? WHERE id = ?`,
      request.nowMs + request.leaseMs,
      context.writerId,
      id,
    );
  }
  return {
    message: queuedMessageOf(envelope),
    transport: head.transport,
    destination,
    recipients: rows.map((row) => ({
      ...recipientOf({ ...row, queueId: envelope.queueId }),
      state: "leased",
    })),
  };
}

/** The ready recipients of the same message that can go in one job with the first. */
function recipientsWith(
  { database }: CommitContext,
  destination: string,
  head: Head,
  recipients: number,
  { recipientsPerJob }: RequestOf<"claim">,
): Omit<RecipientRow, "queueId">[] {
  if (recipients === 1) {
    return database.all(`SELECT ${RECIPIENT_COLUMNS} FROM recipient WHERE id = ?`, head.id);
  }
  if (recipients <= MANY_RECIPIENTS) {
    return database.all(
      `SELECT ${RECIPIENT_COLUMNS} FROM recipient
       WHERE envelope_id = ? AND +state = 0 AND +destination = ? AND transport = ?
       ORDER BY rank, id LIMIT ?`,
      head.envelopeId,
      destination,
      head.transport,
      recipientsPerJob,
    );
  }
  return database.all(
    `SELECT * FROM (SELECT ${RECIPIENT_COLUMNS}, envelope_id AS envelopeId FROM recipient
       WHERE state = 0 AND destination = ? AND rank >= ? ORDER BY rank LIMIT ${LOOKED_AT_NEARBY})
     WHERE envelopeId = ? AND transport = ? LIMIT ?`,
    destination,
    head.rank,
    head.envelopeId,
    head.transport,
    recipientsPerJob,
  );
}

/** What has become due gets its place; in ASKED_RANKS below zero if an operator asked for it. */
function readyDue(context: CommitContext, nowMs: number): void {
  const rows = context.database.all<Lane>(
    `UPDATE recipient SET state = 0, rank = CASE
         WHEN next_attempt_ms < 0 THEN rank - ${ASKED_RANKS}
         ELSE rank - rank % ${CLASS_RANKS} + max(rank % ${CLASS_RANKS},
           ?1 + CASE attempts WHEN 0 THEN 0 ELSE ${RETRY_TURN_MS} END) END
     WHERE id IN (SELECT id FROM recipient WHERE state = 3 AND next_attempt_ms <= ?1
       ORDER BY next_attempt_ms LIMIT ${READIED_AT_ONCE})
     RETURNING destination, rank`,
    nowMs,
  );
  for (const { destination, rank } of rows) context.lanes.offer(destination, rank);
}

const LAPSED = `lapses = lapses + 1, leased_by = NULL,
  state = CASE WHEN lapses + 1 >= ${MAX_LAPSES} THEN 2 ELSE 3 END,
  held_because = CASE WHEN lapses + 1 >= ${MAX_LAPSES} THEN ? ELSE held_because END,
  rank = CASE WHEN rank < 0 THEN rank + ${ASKED_RANKS} ELSE rank END`;

function endLapsedLeases(context: CommitContext, nowMs: number): void {
  context.database.run(
    `UPDATE recipient SET ${LAPSED} WHERE state = 1 AND next_attempt_ms <= ?`,
    POISON,
    nowMs,
  );
}

/** At recovery: what a dead process had in hand falls due at once; poison is held (security row 29). */
export function endLeasesOf(context: CommitContext, writerId: number): void {
  context.database.run(
    `UPDATE recipient SET ${LAPSED}, next_attempt_ms = 0 WHERE state = 1 AND leased_by = ?`,
    POISON,
    writerId,
  );
}
