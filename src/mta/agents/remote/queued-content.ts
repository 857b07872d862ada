/** A queued message as the SMTP client sends it: the envelope's prefix, then the stored octets, piece by piece. */

import { isAscii } from "../../../base/bytes.ts";
import type { MessageContent } from "../../../smtp/delivery.ts";
import type { OctetStore } from "../../../store/octets.ts";
import type { QueuedMessage } from "../../../store/queue.ts";

const PIECE_OCTETS = 256 * 1024;

export function queuedContent(
  message: QueuedMessage,
  octets: Pick<OctetStore, "read">,
): MessageContent {
  return {
    sizeOctets: message.prefix.length + message.sizeOctets,
    body: message.body,
    needsSmtpUtf8: message.smtpUtf8,
    chunks: () => pieces(message, octets),
  };
}

async function* pieces(
  message: QueuedMessage,
  octets: Pick<OctetStore, "read">,
): AsyncGenerator<Uint8Array> {
  if (message.prefix.length > 0) yield message.prefix;
  for (let start = 0; start < message.sizeOctets; start += PIECE_OCTETS) {
    const end = Math.min(message.sizeOctets, start + PIECE_OCTETS);
    yield await octets.read(message.messageId, start, end);
  }
}

/** Declared as 8-bit, but not one octet is: then any hop will do. */
export async function isReally7Bit(content: MessageContent): Promise<boolean> {
  for await (const piece of content.chunks()) if (!isAscii(piece)) return false;
  return true;
}
