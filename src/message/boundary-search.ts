/**
 * Finds the boundary lines of the multiparts that are open (RFC 2046 §5.1.1). A line is a boundary
 * line when it is `--`, the boundary, perhaps `--`, and nothing but white space: a longer line is
 * another boundary's or text. The innermost multipart is asked first, and an outer one closes all
 * within it: a part with no end of its own ends with the one around it.
 */

import { CR, decodeLatin1, encodeUtf8, indexOfBytes, LF, SP, TAB } from "../base/bytes.ts";

const DASH = 45;
const LF_DASHES: Uint8Array = Uint8Array.of(LF, DASH, DASH);

export type BoundaryLine = {
  /** Where the line begins, and where the one after it begins. */
  readonly at: number;
  readonly lineEnd: number;
  /** Which of the open boundaries, counted from the outermost. */
  readonly level: number;
  readonly isFinal: boolean;
};

type Open = {
  /** The boundary, one character an octet. */
  readonly key: string;
  /** With the LF and dashes before it. */
  readonly needle: Uint8Array;
  isActive: boolean;
};

export class BoundarySearch {
  readonly #octets: Uint8Array;
  readonly #stack: Open[] = [];
  /**
   * Active levels by boundary, ascending: a line is looked up, not compared with every open
   * boundary, so that a message of lines that are almost boundaries costs what its octets cost.
   */
  readonly #levels = new Map<string, number[]>();
  /** Of any boundary ever opened. */
  #longest = 0;
  #active = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  get depth(): number {
    return this.#stack.length;
  }

  open(boundary: string): void {
    const octets = encodeUtf8(boundary);
    const needle = new Uint8Array(octets.length + 3);
    needle.set(LF_DASHES);
    needle.set(octets, 3);
    const key = decodeLatin1(octets);
    const levels = this.#levels.get(key);
    if (levels === undefined) this.#levels.set(key, [this.#stack.length]);
    else levels.push(this.#stack.length);
    this.#longest = Math.max(this.#longest, octets.length);
    this.#stack.push({ key, needle, isActive: true });
    this.#active++;
  }

  /** The final boundary of this level was met: what follows is epilogue. */
  deactivate(level: number): void {
    const open = this.#stack[level];
    if (!open.isActive) return;
    open.isActive = false;
    this.#active--;
    const left = (this.#levels.get(open.key) ?? []).filter((other) => other !== level);
    if (left.length > 0) this.#levels.set(open.key, left);
    else this.#levels.delete(open.key);
  }

  /** Forgets all levels at and above `depth`. */
  closeTo(depth: number): void {
    while (this.#stack.length > depth) {
      this.deactivate(this.#stack.length - 1);
      this.#stack.pop();
    }
  }

  /** The next boundary line that begins at or after `from` (a line's beginning), if any. */
  next(from: number): BoundaryLine | undefined {
    if (this.#active === 0) return undefined;
    const first = this.lineAt(from);
    if (first !== undefined) return first;
    const pattern = this.#active === 1 ? this.#onlyNeedle() : LF_DASHES;
    let at = indexOfBytes(this.#octets, pattern, from);
    while (at !== -1) {
      const line = this.lineAt(at + 1);
      if (line !== undefined) return line;
      at = indexOfBytes(this.#octets, pattern, at + 1);
    }
    return undefined;
  }

  #onlyNeedle(): Uint8Array {
    return this.#stack.find((open) => open.isActive)?.needle ?? LF_DASHES;
  }

  /** The boundary line that begins at `at`, if one does. */
  lineAt(at: number): BoundaryLine | undefined {
    const octets = this.#octets;
    if (octets[at] !== DASH || octets[at + 1] !== DASH) return undefined;
    if (this.#active === 0) return undefined;
    const lineFeed = indexOfBytes(octets, LF, at);
    const lineEnd = lineFeed === -1 ? octets.length : lineFeed + 1;
    let end = lineFeed === -1 ? lineEnd : lineFeed;
    while (isSpace(octets[end - 1])) end--;
    const length = end - at - 2;
    if (length > this.#longest + 2) return undefined;
    const text = decodeLatin1(octets, at + 2, end);
    const plain = this.#levels.get(text)?.at(-1) ?? -1;
    const final = text.endsWith("--") ? (this.#levels.get(text.slice(0, -2))?.at(-1) ?? -1) : -1;
    if (plain === -1 && final === -1) return undefined;
    // The innermost is asked first. One boundary cannot match both ways.
    return { at, lineEnd, level: Math.max(plain, final), isFinal: final > plain };
  }
}

function isSpace(octet: number): boolean {
  return octet === SP || octet === TAB || octet === CR;
}
