/**
 * Guards the line ends of a message's content. Only CRLF ends a line (RFC 5321 §2.3.8); a CR or LF
 * alone is how one message is made to look like two (CVE-2023-51764 and its kin). Content is either
 * refused for it, or mended so that nothing stray goes on.
 *
 * Works on pieces of any size, by native search: two look-ups a line, none a character.
 */

import { concatBytes, CR, CRLF, indexOfBytes, LF, NO_OCTETS, SP } from "../base/bytes.ts";

export type LineEndPolicy = {
  /** `normalize`: a bare LF becomes CRLF, a bare CR a space. `keep`: binary content. */
  readonly stray: "reject" | "normalize" | "keep";
  /** `replace`: a space in its place. */
  readonly nul: "reject" | "accept" | "replace";
};

export type LineEndFault = "stray" | "nul";

const SPACE: Uint8Array = Uint8Array.of(SP);
const LONE_CR: Uint8Array = Uint8Array.of(CR);

export class LineEndGuard {
  readonly #policy: LineEndPolicy;
  /** The last piece ended in CR; whether it is stray the next octet tells. Held back when mending. */
  #afterCr = false;
  #fault: LineEndFault | undefined;

  constructor(policy: LineEndPolicy) {
    this.#policy = policy;
  }

  /** The first thing wrong with the content, under a policy that refuses it. */
  get fault(): LineEndFault | undefined {
    return this.#fault;
  }

  /** The next octets of content, checked or mended. Once there is a fault, what comes out is void. */
  push(octets: Uint8Array): Uint8Array {
    const nulAt = this.#policy.nul === "accept" ? -1 : octets.indexOf(0);
    if (nulAt === -1) return this.#guardLines(octets, octets.length);
    if (this.#policy.nul === "replace") {
      const spaced = octets.map((octet) => (octet === 0 ? SP : octet));
      return this.#guardLines(spaced, spaced.length);
    }
    // Which fault is named must not depend on how the content was cut: the first one.
    this.#guardLines(octets, nulAt + 1);
    this.#fault ??= "nul";
    return octets;
  }

  /** Looks at the first `until` octets. */
  #guardLines(octets: Uint8Array, until: number): Uint8Array {
    if (this.#policy.stray === "keep" || octets.length === 0) return octets;
    if (this.#policy.stray === "normalize") return this.#mend(octets);
    const start = this.#afterCr && octets[0] === LF ? 1 : 0;
    if (this.#afterCr && start === 0) this.#fault ??= "stray";
    this.#afterCr = octets[until - 1] === CR;
    const end = this.#afterCr ? until - 1 : until;
    if (findStray(octets, start, end) !== -1) this.#fault ??= "stray";
    return octets;
  }

  /** No more content. What was held back comes out; a CR at the very end is stray. */
  end(): Uint8Array {
    if (!this.#afterCr) return NO_OCTETS;
    this.#afterCr = false;
    if (this.#policy.stray === "normalize") return SPACE;
    this.#fault ??= "stray";
    return NO_OCTETS;
  }

  #mend(octets: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    if (this.#afterCr) parts.push(octets[0] === LF ? LONE_CR : SPACE);
    let start = 0;
    // The LF of a pair that was cut in two is no stray.
    let from = this.#afterCr && octets[0] === LF ? 1 : 0;
    this.#afterCr = octets[octets.length - 1] === CR;
    const end = this.#afterCr ? octets.length - 1 : octets.length;
    for (let at = findStray(octets, from, end); at !== -1; at = findStray(octets, from, end)) {
      if (at > start) parts.push(octets.subarray(start, at));
      parts.push(octets[at] === LF ? CRLF : SPACE);
      start = at + 1;
      from = start;
    }
    if (parts.length === 0) return end === octets.length ? octets : octets.subarray(0, end);
    if (start < end) parts.push(octets.subarray(start, end));
    return parts.length === 0 ? NO_OCTETS : concatBytes(parts);
  }
}

/** The first CR not followed by LF, or LF not preceded by CR, in `octets` from `from` to `end`; or -1. */
export function findStray(octets: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end;) {
    const lf = indexOfBytes(octets, LF, at);
    const cr = indexOfBytes(octets, CR, at);
    const hasLf = lf !== -1 && lf < end;
    const hasCr = cr !== -1 && cr < end;
    if (!hasLf) return hasCr ? cr : -1;
    if (cr !== lf - 1) return hasCr && cr < lf ? cr : lf;
    if (lf === at) return lf;
    at = lf + 1;
  }
  return -1;
}
