/**
 * Finds the boundary lines of the multiparts that are open (RFC 2046 §5.1.1). A line is a boundary
 * line when it is `--`, the boundary, perhaps `--`, and nothing but white space: a longer line is
 * another boundary's or text. The innermost multipart is asked first, and an outer one closes all
 * within it: a part with no end of its own ends with the one around it.
 */

import { CR, encodeUtf8, indexOfBytes, LF, SP, TAB } from "../base/bytes.ts";

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
  /** The boundary alone, and with the LF and dashes before it. */
  readonly octets: Uint8Array;
  readonly needle: Uint8Array;
  isActive: boolean;
};

export class BoundarySearch {
  readonly #octets: Uint8Array;
  readonly #stack: Open[] = [];
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
    this.#stack.push({ octets, needle, isActive: true });
    this.#active++;
  }

  /** The final boundary of this level was met: what follows is epilogue. */
  deactivate(level: number): void {
    const open = this.#stack[level];
    if (open.isActive) this.#active--;
    open.isActive = false;
  }

  /** Forgets all levels at and above `depth`. */
  closeTo(depth: number): void {
    while (this.#stack.length > depth) {
      if (this.#stack.pop()?.isActive) this.#active--;
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
    for (let level = this.#stack.length - 1; level >= 0; level--) {
      const open = this.#stack[level];
      if (!open.isActive || !matches(octets, at + 2, open.octets)) continue;
      const after = at + 2 + open.octets.length;
      const plain = endOfLine(octets, after);
      if (plain !== -1) return { at, lineEnd: plain, level, isFinal: false };
      if (octets[after] !== DASH || octets[after + 1] !== DASH) continue;
      const final = endOfLine(octets, after + 2);
      if (final !== -1) return { at, lineEnd: final, level, isFinal: true };
    }
    return undefined;
  }
}

function matches(octets: Uint8Array, at: number, pattern: Uint8Array): boolean {
  for (let index = 0; index < pattern.length; index++) {
    if (octets[at + index] !== pattern[index]) return false;
  }
  return true;
}

/** The index after the line end, if nothing but white space comes before it; else -1. */
function endOfLine(octets: Uint8Array, from: number): number {
  let at = from;
  while (octets[at] === SP || octets[at] === TAB || octets[at] === CR) at++;
  if (at >= octets.length) return octets.length;
  return octets[at] === LF ? at + 1 : -1;
}
