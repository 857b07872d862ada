/** What DATA and BDAT share: opening the sink, taking the octets at a fair rate, ending the transaction. */

import { invariant } from "../../base/errors.ts";
import { ContentReceiver } from "../content-receiver.ts";
import { describePath } from "../describe-path.ts";
import { formatReply } from "../reply-encoder.ts";
import type { Reply } from "../reply.ts";
import * as replies from "../replies.ts";
import type { ServeLimits } from "../serve-options.ts";
import type { ServerConnection } from "../server-connection.ts";

/** Asks the handler for a sink. A refusal ends the transaction. */
export async function openReceiver(
  connection: ServerConnection,
): Promise<{ receiver: ContentReceiver } | { refusal: Reply }> {
  const { transaction, options, handler } = connection;
  invariant(transaction !== undefined, "content is checked to follow RCPT");
  const sink = await connection.ask(() => handler.data());
  if ("code" in sink) {
    transaction.isAnswered = true;
    connection.resetTransaction();
    return { refusal: sink };
  }
  const isBinary = transaction.params.body === "binarymime";
  const receiver = new ContentReceiver(sink, {
    maxOctets: options.limits.maxMessageOctets,
    lineEnds: {
      // RFC 3030 §3: binary content has no lines.
      stray: isBinary ? "keep" : options.strayLineEnds,
      nul: isBinary ? "accept" : options.nulOctets,
    },
  });
  transaction.receiver = receiver;
  return { receiver };
}

/** Takes content up to its end. Without a receiver it is thrown away. */
export async function takeContent(
  connection: ServerConnection,
  receiver: ContentReceiver | undefined,
): Promise<void> {
  const { transaction, options } = connection;
  // Of the whole message, so that many small chunks are not many graces.
  const spent = transaction ?? { contentOctets: 0, contentWaitedMs: 0 };
  for (;;) {
    const event = connection.wire.next();
    if (event?.type === "content-end") return;
    if (event?.type === "content") {
      for (const piece of event.pieces) spent.contentOctets += piece.length;
      await receiver?.take(event.pieces);
      continue;
    }
    // Only the time we wait for the peer counts, not the time it waits for our disk.
    const { limits, clock } = options;
    const leftMs = allowedMs(limits, spent.contentOctets) - spent.contentWaitedMs;
    const isSilence = limits.dataTimeoutMs < leftMs;
    const sinceMs = clock.monotonicMs();
    await connection.receive(
      Math.ceil(Math.min(limits.dataTimeoutMs, leftMs)),
      isSilence ? replies.TIMED_OUT : replies.TOO_SLOW,
    );
    spent.contentWaitedMs += clock.monotonicMs() - sinceMs;
  }
}

/** How long a message of so many octets may take. */
function allowedMs(limits: ServeLimits, octets: number): number {
  if (limits.minDataOctetsPerSecond <= 0) return Number.POSITIVE_INFINITY;
  return limits.dataGraceMs + (octets * 1000) / limits.minDataOctetsPerSecond;
}

/** The message is complete: says what became of it, and ends the transaction either way. */
export async function finishTransaction(
  connection: ServerConnection,
  receiver: ContentReceiver,
): Promise<readonly Reply[]> {
  const { transaction, options } = connection;
  invariant(transaction !== undefined, "content is checked to follow RCPT");
  const answers = await receiver.finish();
  transaction.isAnswered = true;
  if (receiver.error !== undefined) {
    connection.log.error("smtp.sink-failed", receiver.error, connection.logFields());
  }
  if (answers.some(({ code }) => code < 300)) {
    connection.messages++;
    connection.log.info("smtp.accepted", {
      ...connection.logFields(),
      from: describePath(transaction.reversePath),
      to: transaction.named,
      recipients: transaction.recipients,
      octets: receiver.octets,
      reply: answers.map(formatReply).join(" | "),
    });
  }
  const result = options.protocol === "lmtp" ? perRecipient(answers, transaction) : [answers[0]];
  connection.resetTransaction();
  return result;
}

/** RFC 2033 §4.2: one reply for each recipient that RCPT accepted, in their order. */
function perRecipient(
  answers: readonly Reply[],
  { recipients }: { recipients: number },
): readonly Reply[] {
  if (answers.length === recipients) return answers;
  // What was wrong with the message is wrong for all.
  invariant(answers.length === 1, "a sink answers once, or once for each recipient");
  return Array.from({ length: recipients }, () => answers[0]);
}
