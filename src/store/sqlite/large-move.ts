/**
 * A message that is too large for one bite of compaction, on its way to another segment in pieces, so
 * that commits of mail go in between. Reads and compares; what is read is appended elsewhere, and the
 * row is moved only once the last piece is there.
 */

import { createHash } from "node:crypto";
import { closeSync, constants, openSync, readSync } from "node:fs";

import { equalBytes } from "../../base/bytes.ts";
import type { MessageRow, Victim } from "./compaction-rows.ts";
import type { Appended } from "./segment-appender.ts";

const PIECE_OCTETS = 2 << 20;

export class LargeMove {
  readonly victim: Victim;
  readonly row: MessageRow;
  readonly #path: string;
  readonly #hash = createHash("sha256");
  #done = 0;
  #appended: Appended | undefined;

  /** `path`: of the segment file. The message is not packed. */
  constructor(victim: Victim, row: MessageRow, path: string) {
    this.victim = victim;
    this.row = row;
    this.#path = path;
  }

  get isComplete(): boolean {
    return this.#done === this.row.size;
  }

  /** Where its first octet has gone. */
  get appended(): Appended | undefined {
    return this.#appended;
  }

  set appended(where: Appended) {
    this.#appended ??= where;
  }

  /** Undefined when the segment cannot be read. */
  nextPiece(): Uint8Array | undefined {
    const piece = new Uint8Array(Math.min(PIECE_OCTETS, this.row.size - this.#done));
    try {
      const descriptor = openSync(this.#path, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        for (let read = 0; read < piece.length;) {
          const at = this.row.start + this.#done + read;
          const count = readSync(descriptor, piece, read, piece.length - read, at);
          if (count === 0) return undefined;
          read += count;
        }
      } finally {
        closeSync(descriptor);
      }
    } catch {
      return undefined;
    }
    this.#hash.update(piece);
    this.#done += piece.length;
    return piece;
  }

  /** To be asked once, at the end: whether these are the octets that were accepted. */
  isUnharmed(): boolean {
    return equalBytes(this.#hash.digest(), this.row.sha256);
  }
}
