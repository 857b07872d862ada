/** A queued message as the SMTP client sends it: the envelope's prefix, then the stored octets, piece by piece. */

import { concatBytes, isAscii } from "../../../base/bytes.ts";
import type { MessageContent } from "../../../smtp/delivery.ts";
import type { ServerExtensions } from "../../../smtp/server-extensions.ts";
import type { OctetStore } from "../../../store/octets.ts";
import type { QueuedMessage } from "../../../store/queue.ts";
import { convertContent } from "./convert-content.ts";

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

/**
 * The content in a form that a host with these extensions takes. Where there is none it comes back
 * as it is: the client then says what the host cannot take, or, for long lines alone, tries them.
 */
export async function fitFor(
  content: MessageContent,
  extensions: Pick<ServerExtensions, "has">,
  hasLongLines: boolean,
): Promise<MessageContent> {
  const takes8Bit = extensions.has("8BITMIME");
  const takesBinary = extensions.has("BINARYMIME") && extensions.has("CHUNKING");
  const isTooMuch = (content.body === "8bitmime" && !takes8Bit) || content.body === "binarymime";
  // Declared as binary, lines may have any length (RFC 3030 §3): nothing needs to change.
  if (takesBinary) return isTooMuch || hasLongLines ? { ...content, body: "binarymime" } : content;
  if (!isTooMuch && !hasLongLines) return content;
  // Declared as 8-bit, but perhaps not one octet is.
  const mayBe7Bit = content.body === "8bitmime" && !takes8Bit && !hasLongLines;
  if (mayBe7Bit && (await is7Bit(content))) return { ...content, body: "7bit" };
  if (content.sizeOctets > MAX_CONVERTED_OCTETS) return content;
  const parts: Uint8Array[] = [];
  for await (const piece of content.chunks()) parts.push(piece);
  const converted = convertContent(concatBytes(parts), { takes8Bit });
  if (converted === undefined) return content;
  const body = isAscii(converted) ? "7bit" : "8bitmime";
  return { ...content, sizeOctets: converted.length, body, chunks: () => [converted] };
}

/** For places that know only lines, not octets: binary parts are encoded, unless that would break them. */
export function asText(content: MessageContent): Promise<MessageContent> {
  return fitFor(content, { has: (keyword) => keyword === "8BITMIME" }, false);
}

async function is7Bit(content: MessageContent): Promise<boolean> {
  for await (const piece of content.chunks()) if (!isAscii(piece)) return false;
  return true;
}
