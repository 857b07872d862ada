/**
 * Quoting of lines that begin with `From `, and its undoing, for each dialect (`dialect.ts`), on
 * streams of lines that end in LF or CRLF.
 */

import { concatBytes, encodeLatin1 } from "../../base/bytes.ts";
import type { MboxDialect } from "./dialect.ts";

const LF = 10;
const QUOTE = 62;
const FROM = encodeLatin1("From ");
const QUOTED_FROM = encodeLatin1(">From ");
const ONE_QUOTE = Uint8Array.of(QUOTE);

type Chunks = AsyncIterable<Uint8Array>;

export async function* quoteFromLines(
  chunks: Chunks,
  dialect: MboxDialect = "mboxrd",
): AsyncGenerator<Uint8Array> {
  if (dialect === "mboxcl2") return yield* chunks;
  const quoter = new FromQuoter(dialect === "mboxrd");
  for await (const chunk of chunks) yield quoter.push(chunk);
  yield quoter.end();
}

/** Takes one `>` away where `quoteFromLines` has put one; with mboxo and mboxcl also where one was before. */
export async function* unquoteFromLines(
  chunks: Chunks,
  dialect: MboxDialect,
): AsyncGenerator<Uint8Array> {
  if (dialect === "mboxcl2") return yield* chunks;
  const unquoter = new FromUnquoter(dialect === "mboxrd");
  for await (const chunk of chunks) yield unquoter.push(chunk);
  yield unquoter.end();
}

class FromQuoter {
  /** Whether lines that are quoted already get one more. */
  readonly #again: boolean;
  #isAtStart = true;
  /** Octets of `From ` seen so far. */
  #matched = 0;

  constructor(again: boolean) {
    this.#again = again;
  }

  push(chunk: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (!this.#isAtStart) {
        const end = chunk.indexOf(LF, at);
        const next = end === -1 ? chunk.length : end + 1;
        parts.push(chunk.subarray(at, next));
        this.#isAtStart = end !== -1;
        at = next;
      } else if (this.#again && this.#matched === 0 && chunk[at] === QUOTE) {
        parts.push(chunk.subarray(at, ++at));
      } else if (chunk[at] === FROM[this.#matched]) {
        at++;
        if (++this.#matched === FROM.length) parts.push(this.#leaveStart(QUOTED_FROM));
      } else {
        parts.push(this.#leaveStart(FROM.subarray(0, this.#matched)));
      }
    }
    return concatBytes(parts);
  }

  end(): Uint8Array {
    return FROM.subarray(0, this.#matched);
  }

  #leaveStart(held: Uint8Array): Uint8Array {
    this.#isAtStart = false;
    this.#matched = 0;
    return held;
  }
}

class FromUnquoter {
  /** Whether lines with several `>` lose one too. */
  readonly #several: boolean;
  #isAtStart = true;
  /** One `>` of the line that is not yet known to stay. */
  #isHeld = false;
  #matched = 0;

  constructor(several: boolean) {
    this.#several = several;
  }

  push(chunk: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      const octet = chunk[at];
      if (!this.#isAtStart) {
        const end = chunk.indexOf(LF, at);
        const next = end === -1 ? chunk.length : end + 1;
        parts.push(chunk.subarray(at, next));
        this.#isAtStart = end !== -1;
        at = next;
      } else if (octet === QUOTE && this.#matched === 0 && (!this.#isHeld || this.#several)) {
        if (this.#isHeld) parts.push(ONE_QUOTE);
        this.#isHeld = true;
        at++;
      } else if (this.#isHeld && octet === FROM[this.#matched]) {
        at++;
        if (++this.#matched < FROM.length) continue;
        this.#reset();
        parts.push(FROM);
      } else {
        parts.push(this.end());
      }
    }
    return concatBytes(parts);
  }

  /** What is held, since it was no quoted line. */
  end(): Uint8Array {
    const held = this.#isHeld
      ? QUOTED_FROM.subarray(0, 1 + this.#matched)
      : QUOTED_FROM.subarray(0, 0);
    this.#reset();
    return held;
  }

  #reset(): void {
    this.#isAtStart = false;
    this.#isHeld = false;
    this.#matched = 0;
  }
}
