/**
 * BDAT (RFC 3030 §2): content by counted octets. Whatever the answer, exactly those octets are
 * consumed and never looked at as commands (CVE-2017-16943 and its kin came of confusing the two).
 */

import { invariant } from "../../base/errors.ts";
import type { ContentReceiver } from "../content-receiver.ts";
import { type Reply, reply } from "../reply.ts";
import * as replies from "../replies.ts";
import type { ServerConnection, Transaction } from "../server-connection.ts";
import { SessionOver } from "../session-over.ts";
import { finishTransaction, openReceiver, takeContent } from "./content.ts";

type Chunk = { readonly octets: number; readonly isLast: boolean };

function parseChunk(argument: string): Chunk | undefined {
  const match = /^(\d{1,15})( +LAST)?$/i.exec(argument);
  if (match === null) return undefined;
  return { octets: Number(match[1]), isLast: match[2] !== undefined };
}

/** Carries nothing and ends nothing: costs the client nothing to send, and brings no message nearer. */
export function isEmptyChunk(argument: string): boolean {
  const chunk = parseChunk(argument);
  return chunk !== undefined && chunk.octets === 0 && !chunk.isLast;
}

/** How many octets follow cannot be known, so neither can where the next command begins. */
function refuseUncounted(): never {
  const answer = reply(501, "5.5.4", "The syntax is BDAT octets [LAST]");
  throw new SessionOver("bad-bdat", { ...answer, code: 421, enhanced: "4.5.4" });
}

export async function answerBdat(
  connection: ServerConnection,
  argument: string,
): Promise<Reply | readonly Reply[]> {
  const { transaction, options } = connection;
  invariant(transaction !== undefined, "BDAT is checked to follow RCPT");
  const chunk = parseChunk(argument) ?? refuseUncounted();
  const before = transaction.receiver?.octets ?? 0;
  if (before + chunk.octets > options.limits.maxMessageOctets) {
    return failChunk(connection, chunk, replies.TOO_LARGE, transaction);
  }
  let { receiver } = transaction;
  if (receiver === undefined) {
    const opened = await openReceiver(connection);
    if ("refusal" in opened) return failChunk(connection, chunk, opened.refusal, transaction);
    ({ receiver } = opened);
  }
  await consume(connection, chunk, receiver);
  if (chunk.isLast) return finishTransaction(connection, receiver);
  if (receiver.failure !== undefined) {
    const { failure } = receiver;
    transaction.isAnswered = true;
    connection.resetTransaction();
    connection.phase = "chunk-failed";
    return failure;
  }
  connection.phase = "chunking";
  return replies.CHUNK_OK;
}

/** A BDAT that is out of order, or not wanted: its octets go by unread. */
export async function refuseBdat(
  connection: ServerConnection,
  argument: string,
  refusal: Reply,
): Promise<readonly Reply[]> {
  const chunk = parseChunk(argument) ?? refuseUncounted();
  await consume(connection, chunk, undefined);
  // After the last of a failed message's chunks nothing of it can follow any more.
  if (connection.phase === "chunk-failed" && chunk.isLast) connection.phase = "ready";
  return [refusal];
}

async function failChunk(
  connection: ServerConnection,
  chunk: Chunk,
  refusal: Reply,
  transaction: Transaction,
): Promise<readonly Reply[]> {
  const { recipients } = transaction;
  transaction.isAnswered = true;
  connection.resetTransaction();
  await consume(connection, chunk, undefined);
  if (!chunk.isLast) {
    connection.phase = "chunk-failed";
    return [refusal];
  }
  const isLmtp = connection.options.protocol === "lmtp";
  return Array.from({ length: isLmtp ? recipients : 1 }, () => refusal);
}

async function consume(
  connection: ServerConnection,
  chunk: Chunk,
  receiver: ContentReceiver | undefined,
): Promise<void> {
  connection.wire.expectChunk(chunk.octets);
  await takeContent(connection, receiver);
}
