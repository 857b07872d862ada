/**
 * The columns of a mailbox as a file: a head of five words, its UIDs as runs of first and last, then
 * the other columns one after another as they lie in memory; those that are all zero are left out.
 * What it is worth is said elsewhere (`kept-columns.ts`): length, head and the checksum of each column
 * must agree, or the file is as good as none.
 */

import { closeSync, constants, openSync, readSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

import { COLUMN_NAMES, MOD_SEQS, UIDS, type MailboxColumns } from "./mailbox-columns.ts";
import type { Column } from "./column-changes.ts";
import { checksumOf, LANES, sumInto, START, type Sums } from "./column-checksum.ts";
import { CREATE_FLAGS } from "./store-files.ts";

/** Read with the other order of octets in a word it is another number. */
const MAGIC = 0x50_43_6f_32;
const HEAD_WORDS = 5;
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW;
/** So much is copied and written at a time: the mailbox goes on meanwhile. */
const PIECE_MESSAGES = 32_768;

/** What a file is held against. */
export type WantedColumns = {
  readonly mailboxId: number;
  readonly messages: number;
  readonly checksums: Uint8Array;
};

/**
 * Writes a file that must not be there yet; returns the checksums of its columns. Flags may change
 * meanwhile; undefined if messages moved, and then the file is of no use.
 */
export async function writeColumns(
  path: string,
  mailboxId: number,
  columns: MailboxColumns,
): Promise<Uint8Array | undefined> {
  const { count, generation, arrays } = columns;
  const checksums = new Uint32Array(arrays.length * LANES);
  const runs = runsIn(columns.uids, count);
  const handle = await open(path, CREATE_FLAGS, 0o600);
  try {
    await handle.chmod(0o600);
    checksums.set(checksumOf(octetsOf(runs)), UIDS);
    let position = await writeAll(handle, octetsOf(headOf(mailboxId, count, runs.length)), 0);
    position = await writeAll(handle, octetsOf(runs), position);
    for (const [index, column] of arrays.entries()) {
      if (index === UIDS || isZero(column, count)) continue;
      const sums: Sums = [...START];
      for (let from = 0; from < count; from += PIECE_MESSAGES) {
        const piece = octetsOf(column.slice(from, Math.min(count, from + PIECE_MESSAGES)));
        sumInto(sums, piece);
        position = await writeAll(handle, piece, position);
        if (columns.generation !== generation) return undefined;
      }
      checksums.set(sums, index * LANES);
    }
  } finally {
    await handle.close();
  }
  return octetsOf(checksums);
}

/** A file that is read when somebody asks. Nothing is held open: it may be gone by then. */
export class ColumnsFile {
  readonly #path: string;
  readonly #checksums: Uint32Array;
  readonly #runs: Uint32Array;
  /** Where each column begins; undefined for those that are not in the file. */
  readonly #starts: readonly (number | undefined)[];
  readonly #sizeOctets: number;

  private constructor(path: string, wanted: WantedColumns, runs: Uint32Array) {
    this.#path = path;
    this.#checksums = new Uint32Array(wanted.checksums.slice().buffer);
    this.#runs = runs;
    let position = HEAD_WORDS * 4 + runs.byteLength;
    this.#starts = COLUMN_NAMES.map((_, index) => {
      if (index === UIDS || this.#isZero(index)) return undefined;
      const start = position;
      position += wanted.messages * octetsEach(index);
      return start;
    });
    this.#sizeOctets = position;
  }

  /** Undefined for what is not as it was written, as far as that can be seen at once; never through a link. */
  static async open(path: string, wanted: WantedColumns): Promise<ColumnsFile | undefined> {
    const { mailboxId, messages, checksums } = wanted;
    if (checksums.length !== COLUMN_NAMES.length * LANES * 4) return undefined;
    return withFile(path, async (handle) => {
      const found = await handle.stat();
      const head = new Uint32Array(HEAD_WORDS);
      await readAll(handle, octetsOf(head), 0);
      const runWords = head[HEAD_WORDS - 1];
      if (!found.isFile() || runWords % 2 !== 0 || runWords > 2 * messages) return undefined;
      const expected = headOf(mailboxId, messages, runWords);
      if (head.some((word, at) => word !== expected[at])) return undefined;
      const runs = new Uint32Array(runWords);
      await readAll(handle, octetsOf(runs), head.byteLength);
      const file = new ColumnsFile(path, wanted, runs);
      const isGood = found.size === file.#sizeOctets && file.#isIntact(UIDS, octetsOf(runs));
      return isGood && messagesIn(runs) === messages ? file : undefined;
    });
  }

  get lastUid(): number {
    return this.#runs.at(-1) ?? 0;
  }

  /** Fills in the column; false if it is not as it was written. */
  async read(index: number, column: Column): Promise<boolean> {
    const start = this.#starts[index];
    if (start === undefined) return this.#fill(index, column);
    const octets = octetsOf(column);
    const isRead = await withFile(this.#path, async (handle) => {
      await readAll(handle, octets, start);
      return true;
    });
    return isRead === true && this.#isIntact(index, octets);
  }

  /** The same while everybody waits. */
  readNow(index: number, column: Column): boolean {
    const start = this.#starts[index];
    if (start === undefined) return this.#fill(index, column);
    const octets = octetsOf(column);
    let descriptor: number | undefined;
    try {
      descriptor = openSync(this.#path, READ_FLAGS);
      for (let done = 0; done < octets.length;) {
        const more = readSync(descriptor, octets, done, octets.length - done, start + done);
        if (more === 0) return false;
        done += more;
      }
    } catch {
      return false;
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
    return this.#isIntact(index, octets);
  }

  #fill(index: number, column: Column): boolean {
    if (index !== UIDS) return true;
    let at = 0;
    for (let run = 0; run < this.#runs.length; run += 2) {
      for (let uid = this.#runs[run]; uid <= this.#runs[run + 1]; uid++) column[at++] = uid;
    }
    return true;
  }

  #isZero(index: number): boolean {
    return this.#checksums.subarray(index * LANES, (index + 1) * LANES).every((lane) => lane === 0);
  }

  #isIntact(index: number, octets: Uint8Array): boolean {
    const found = checksumOf(octets);
    return found.every((lane, at) => lane === this.#checksums[index * LANES + at]);
  }
}

function headOf(mailboxId: number, messages: number, runWords: number): Uint32Array {
  return Uint32Array.of(MAGIC, mailboxId, Math.floor(mailboxId / 2 ** 32), messages, runWords);
}

function runsIn(uids: Uint32Array, count: number): Uint32Array {
  const runs: number[] = [];
  for (let at = 0; at < count; at++) {
    if (at > 0 && uids[at] === uids[at - 1] + 1) runs[runs.length - 1] = uids[at];
    else runs.push(uids[at], uids[at]);
  }
  return Uint32Array.from(runs);
}

/** How many messages runs are of; -1 if they do not ascend. */
function messagesIn(runs: Uint32Array): number {
  let messages = 0;
  let last = 0;
  for (let at = 0; at < runs.length; at += 2) {
    if (runs[at] <= last || runs[at + 1] < runs[at]) return -1;
    last = runs[at + 1];
    messages += last - runs[at] + 1;
  }
  return messages;
}

function isZero(column: Column, count: number): boolean {
  for (let at = 0; at < count; at++) if (column[at] !== 0) return false;
  return true;
}

function octetsEach(index: number): number {
  return index < MOD_SEQS ? 4 : 8;
}

function octetsOf(column: Column): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

/** What `use` makes of the file; undefined if it cannot be read. */
async function withFile<T>(
  path: string,
  use: (handle: FileHandle) => Promise<T>,
): Promise<T | undefined> {
  const handle = await open(path, READ_FLAGS).catch(() => undefined);
  try {
    return handle && (await use(handle));
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}

async function writeAll(handle: FileHandle, octets: Uint8Array, from: number): Promise<number> {
  for (let done = 0; done < octets.length;) {
    const { bytesWritten } = await handle.write(octets, done, octets.length - done, from + done);
    done += bytesWritten;
  }
  return from + octets.length;
}

async function readAll(handle: FileHandle, octets: Uint8Array, from: number): Promise<void> {
  for (let done = 0; done < octets.length;) {
    const { bytesRead } = await handle.read(octets, done, octets.length - done, from + done);
    if (bytesRead === 0) throw new Error("the file ends too soon");
    done += bytesRead;
  }
}
