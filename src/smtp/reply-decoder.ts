/**
 * A server's replies, read (RFC 5321 §4.2). Bounded in line length and in lines: a server cannot
 * fill our memory. Control characters become spaces, so that a reply can be quoted anywhere.
 */

import { concatBytes, decodeLatin1, decodeUtf8Strict, LF, NO_OCTETS } from "../base/bytes.ts";
import type { Reply } from "./reply.ts";

/** RFC 5321 §4.5.3.1.5 says 512; servers have been generous with it. */
const MAX_LINE_OCTETS = 4096;
/** Of one reply that are kept; further ones are read and dropped. */
const MAX_KEPT_LINES = 200;
const MAX_LINES = 10_000;

const LINE = /^([2-5]\d\d)(?:([- ])(.*))?$/s;
const ENHANCED = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/;

export type ReplyEvent =
  | { readonly type: "reply"; readonly reply: Reply }
  /** What came is no SMTP. Nothing after it can be trusted. */
  | { readonly type: "malformed"; readonly problem: string };

export class ReplyDecoder {
  #buffer: Uint8Array = NO_OCTETS;
  #lines: string[] = [];
  #count = 0;

  push(octets: Uint8Array): void {
    this.#buffer = this.#buffer.length === 0 ? octets : concatBytes([this.#buffer, octets]);
  }

  get bufferedOctets(): number {
    return this.#buffer.length;
  }

  /** Forgets what was not read (RFC 3207 §4.2: it came before TLS). */
  clear(): void {
    this.#buffer = NO_OCTETS;
    this.#lines = [];
    this.#count = 0;
  }

  next(): ReplyEvent | undefined {
    for (;;) {
      // Some servers end lines with LF alone; nothing is lost by reading them.
      const end = this.#buffer.indexOf(LF);
      if (end === -1 && this.#buffer.length <= MAX_LINE_OCTETS) return undefined;
      if (end === -1 || end > MAX_LINE_OCTETS) return malformed("a line of the reply is too long");
      const match = LINE.exec(decodeLine(this.#buffer.subarray(0, end)));
      this.#buffer = this.#buffer.subarray(end + 1);
      if (match === null) return malformed("a line of the reply has no code");
      if (++this.#count > MAX_LINES) return malformed("the reply has no end");
      if (this.#lines.length < MAX_KEPT_LINES) this.#lines.push(match[3] ?? "");
      if (match[2] === "-") continue;
      const lines = this.#lines;
      this.#lines = [];
      this.#count = 0;
      return { type: "reply", reply: toReply(Number(match[1]), lines) };
    }
  }
}

function malformed(problem: string): ReplyEvent {
  return { type: "malformed", problem };
}

function decodeLine(octets: Uint8Array): string {
  const text = decodeUtf8Strict(octets) ?? decodeLatin1(octets);
  return text.replace(/\r$/, "").replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ");
}

/** Takes the enhanced code out of the text, where all lines agree with the reply's class (RFC 2034 §4). */
function toReply(code: number, lines: string[]): Reply {
  const enhanced = ENHANCED.exec(lines[lines.length - 1])?.[1] ?? ENHANCED.exec(lines[0])?.[1];
  if (enhanced === undefined || enhanced[0] !== `${code}`[0]) return { code, lines };
  const isPrefix = (line: string): boolean => line === enhanced || line.startsWith(`${enhanced} `);
  return {
    code,
    enhanced,
    lines: lines.map((line) => (isPrefix(line) ? line.slice(enhanced.length + 1) : line)),
  };
}
