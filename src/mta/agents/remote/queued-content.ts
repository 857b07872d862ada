/** A queued message as the SMTP client sends it: the envelope's prefix, then the stored octets, piece by piece. */

import { concatBytes, isAscii } from "../../../base/bytes.ts";
import type { MessageContent } from "../../../smtp/delivery.ts";
import type { OctetStore } from "../../../store/octets.ts";
import type { QueuedMessage } from "../../../store/queue.ts";
import { convertTo7Bit } from "./convert-to-7bit.ts";

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

/** Larger messages are not converted: they would have to be in memory whole. */
const MAX_CONVERTED_OCTETS = 32 * 1024 * 1024;

/** The same message for a host that takes only 7-bit octets; undefined where that cannot be. */
export async function as7Bit(content: MessageContent): Promise<MessageContent | undefined> {
  // Declared as 8-bit, but perhaps not one octet is.
  if (await is7Bit(content)) return { ...content, body: "7bit" };
  if (content.sizeOctets > MAX_CONVERTED_OCTETS) return undefined;
  const parts: Uint8Array[] = [];
  for await (const piece of content.chunks()) parts.push(piece);
  const converted = convertTo7Bit(concatBytes(parts));
  if (converted === undefined) return undefined;
  const sizeOctets = converted.length;
  return { ...content, sizeOctets, body: "7bit", chunks: () => [converted] };
}

async function is7Bit(content: MessageContent): Promise<boolean> {
  for await (const piece of content.chunks()) if (!isAscii(piece)) return false;
  return true;
}
