/**
 * Gathers the octets of a batch into two buffers that are handed to the writer thread as they are:
 * message octets, which go to the segment in one write, and small pieces that go into rows.
 */

import type { Span } from "./requests.ts";

export class Packer {
  readonly #octets: Uint8Array[] = [];
  readonly #extras: Uint8Array[] = [];
  #octetsLength = 0;
  #extrasLength = 0;
  #hasOctets = false;

  /** Octets waiting so far. */
  get length(): number {
    return this.#octetsLength + this.#extrasLength;
  }

  /** Whether there is a message among it; it may be an empty one. */
  get hasOctets(): boolean {
    return this.#hasOctets;
  }

  /** Returns where in the batch's octets these pieces, joined, will be. */
  octets(pieces: readonly Uint8Array[]): number {
    const at = this.#octetsLength;
    this.#hasOctets = true;
    for (const piece of pieces) {
      this.#octets.push(piece);
      this.#octetsLength += piece.length;
    }
    return at;
  }

  extra(piece: Uint8Array): Span {
    const span: Span = [this.#extrasLength, piece.length];
    if (piece.length > 0) {
      this.#extras.push(piece);
      this.#extrasLength += piece.length;
    }
    return span;
  }

  pack(): { octets: Uint8Array<ArrayBuffer>; extras: Uint8Array<ArrayBuffer> } {
    return {
      octets: join(this.#octets, this.#octetsLength),
      extras: join(this.#extras, this.#extrasLength),
    };
  }
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  // Its own ArrayBuffer, never a slice of Node's pool: it is transferred as a whole.
  const joined = new Uint8Array(new ArrayBuffer(length));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
