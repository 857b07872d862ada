/** An mbox to read from anywhere: a file, or octets in memory. */

export interface MboxFile {
  readonly sizeOctets: number;
  /** Octets `start` to `end` (exclusive), cut off at the end of the file. */
  read(start: number, end: number): Promise<Uint8Array>;
}

export const PIECE_OCTETS: number = 256 * 1024;

/** Octets `start` to `end` in pieces. */
export async function* piecesOf(
  file: MboxFile,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += PIECE_OCTETS) {
    yield await file.read(at, Math.min(end, at + PIECE_OCTETS));
  }
}

/** Reads ahead, for one who goes through a file from front to back in small steps. */
export class FileWindow {
  readonly #file: MboxFile;
  #base = 0;
  #octets: Uint8Array = new Uint8Array(0);

  constructor(file: MboxFile) {
    this.#file = file;
  }

  /** At least `wanted` octets from `at` on, or all to the end of the file. */
  async from(at: number, wanted: number): Promise<Uint8Array> {
    const end = Math.min(this.#file.sizeOctets, at + wanted);
    if (at < this.#base || end > this.#base + this.#octets.length) {
      this.#octets = await this.#file.read(at, at + Math.max(wanted, 4 * PIECE_OCTETS));
      this.#base = at;
    }
    return this.#octets.subarray(at - this.#base);
  }
}
