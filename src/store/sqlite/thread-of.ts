/**
 * To which thread a message belongs in an account (RFC 8474 §5.2): found when it is filed, and never
 * changed. A thread is named after the id of its first known ancestor, so most messages need no row;
 * `thread_of_id` knows the ids that belong to a thread named otherwise, and those of ancestors that have
 * been spoken of and may still come.
 *
 * Ids are hashes: who makes two of them collide puts a message into a thread, as References would.
 */

import { hash53 } from "../../base/hash53.ts";
import type { MessageId } from "../octets.ts";
import type { Database } from "./database.ts";

type WithDatabase = { readonly database: Database };

/** Nearer ancestors than these tell the thread, or there are none that do. */
const MAX_LOOKED_UP = 8;

const FIND = "SELECT thread_id AS thread FROM thread_of_id WHERE account_id = ? AND id_hash = ?";
const REMEMBER =
  "INSERT OR IGNORE INTO thread_of_id (account_id, id_hash, thread_id) VALUES (?, ?, ?)";

/** `hashes`: of the message's own id (0 for none), then of its ancestors', oldest first. */
export function threadOf(
  { database }: WithDatabase,
  accountId: number,
  messageId: MessageId,
  hashes: Float64Array,
): number {
  const [own] = hashes;
  const oldest = hashes.length > 1 ? hashes[1] : own;
  const nearest = Array.from(hashes.subarray(Math.max(1, hashes.length - MAX_LOOKED_UP))).reverse();
  const unknown: number[] = [];
  let thread: number | undefined;
  // Its own id first: answers that came before it have said where it belongs.
  for (const hash of [own, ...nearest]) {
    if (hash === 0) continue;
    thread = database.get<{ thread: number }>(FIND, accountId, hash)?.thread;
    if (thread !== undefined) {
      if (hash === own) unknown.push(...nearest);
      break;
    }
    unknown.push(hash);
  }
  const found = thread ?? (oldest === 0 ? hash53(`message ${messageId}`) : oldest);
  // A message that begins a thread and answers nothing is found by its own id.
  if (hashes.length > 1 || found !== own) {
    for (const hash of unknown) database.run(REMEMBER, accountId, hash, found);
  }
  return found;
}

const HASHES = "SELECT thread_hashes AS hashes FROM message_head WHERE message_id = ?";

/** Of a message that is stored already. */
export function threadOfStored(
  { database }: WithDatabase,
  accountId: number,
  messageId: MessageId,
): number {
  const row = database.get<{ hashes: Uint8Array }>(HASHES, messageId);
  const hashes = row && new Float64Array(row.hashes.slice().buffer);
  return threadOf({ database }, accountId, messageId, hashes ?? Float64Array.of(0));
}
