/**
 * The client's way of sending a message's octets: by DATA, framed and stuffed, or by BDAT, counted.
 * An error in the middle drops the connection: there is no other way to say that a message will not
 * be finished.
 */

import { concatBytes, encodeUtf8 } from "../base/bytes.ts";
import type { ClientDialogue } from "./client-dialogue.ts";
import { encodeCommand } from "./command-encoder.ts";
import { DataEncoder } from "./data-encoder.ts";
import type { MessageContent } from "./delivery.ts";
import { LineEndGuard } from "./line-ends.ts";
import { isPositive, type Reply } from "./reply.ts";

/** Content is sent in pieces of about this size. */
const CHUNK_OCTETS = 256 * 1024;

/** Less than this is sent in one write with its command. */
const COPY_OCTETS = 16 * 1024;

/** After 354. Without content an empty message is sent, to a server that took no recipient. */
export async function sendData(
  dialogue: ClientDialogue,
  content: MessageContent | undefined,
): Promise<void> {
  const encoder = new DataEncoder();
  if (content !== undefined) {
    await eachPiece(dialogue, content, async (octets) => {
      const encoded = encoder.push(octets);
      if (encoded.length > 0) await dialogue.sendOctets(encoded);
      return "more";
    });
  }
  await dialogue.sendOctets(encoder.end());
}

/**
 * BDAT (RFC 3030 §2). The reply of a server that refused a chunk, or undefined when all were sent
 * and only the last is unanswered. Binary content goes as it is; of other content no stray CR or LF
 * leaves us this way either.
 */
export async function sendChunks(
  dialogue: ClientDialogue,
  content: MessageContent,
  replyTimeoutMs: number,
): Promise<Reply | undefined> {
  const guard = new LineEndGuard(
    content.body === "binarymime"
      ? { stray: "keep", nul: "accept" }
      : { stray: "normalize", nul: "replace" },
  );
  let waiting: Uint8Array[] = [];
  let waitingOctets = 0;
  let refusal: Reply | undefined;
  await eachPiece(dialogue, content, async (octets) => {
    if (waitingOctets >= CHUNK_OCTETS) {
      await sendChunk(dialogue, waiting, "");
      const reply = await dialogue.reply("content", replyTimeoutMs);
      if (!isPositive(reply)) refusal = reply;
      waiting = [];
      waitingOctets = 0;
    }
    const mended = guard.push(octets);
    waiting.push(mended);
    waitingOctets += mended.length;
    return refusal === undefined ? "more" : "enough";
  });
  if (refusal === undefined) await sendChunk(dialogue, [...waiting, guard.end()], " LAST");
  return refusal;
}

async function sendChunk(
  dialogue: ClientDialogue,
  parts: readonly Uint8Array[],
  last: "" | " LAST",
): Promise<void> {
  const octets = parts.reduce((sum, part) => sum + part.length, 0);
  const command = encodeUtf8(encodeCommand(`BDAT ${octets}${last}`));
  if (octets < COPY_OCTETS) return dialogue.sendOctets(concatBytes([command, ...parts]));
  for (const part of [command, ...parts]) if (part.length > 0) await dialogue.sendOctets(part);
}

async function eachPiece(
  dialogue: ClientDialogue,
  content: MessageContent,
  send: (octets: Uint8Array) => Promise<"more" | "enough">,
): Promise<void> {
  try {
    for await (const octets of content.chunks()) {
      for (let at = 0; at < octets.length; at += CHUNK_OCTETS) {
        const piece =
          octets.length <= CHUNK_OCTETS ? octets : octets.subarray(at, at + CHUNK_OCTETS);
        if ((await send(piece)) === "enough") return;
      }
    }
  } catch (error) {
    // A connection that the server has closed is left open to our side: it may have said why.
    if (dialogue.isOpen) dialogue.abort();
    throw error;
  }
}
