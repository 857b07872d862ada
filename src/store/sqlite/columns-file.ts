/**
 * The columns of a mailbox as a file: a head of four words, then column after column as they lie in
 * memory. What it is worth is said elsewhere (`kept-columns.ts`): length, head and the checksum of
 * each column must agree, or the file is as good as none.
 */

import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";

import { MailboxColumns } from "./mailbox-columns.ts";
import { CREATE_FLAGS } from "./store-files.ts";

/** Read with the other order of octets in a word it is another number. */
const MAGIC = 0x50_43_6f_31;
const HEAD_WORDS = 4;
const LANES = 4;
/** So much room is left for what comes next, so that the first new message does not copy all columns. */
const SPARE_SHARE = 1 / 16;
const SPARE = 64;

type Column = Uint32Array | Float64Array;

/** Writes a file that must not be there yet; returns the checksums of its columns. */
export async function writeColumns(
  path: string,
  mailboxId: number,
  columns: readonly Column[],
): Promise<Uint8Array> {
  const checksums = new Uint32Array(columns.length * LANES);
  const handle = await open(path, CREATE_FLAGS, 0o600);
  try {
    await handle.chmod(0o600);
    const head = headOf(mailboxId, columns[0].length);
    let position = await writeAll(handle, octetsOf(head), 0);
    for (const [index, column] of columns.entries()) {
      checksums.set(checksumOf(octetsOf(column)), index * LANES);
      position = await writeAll(handle, octetsOf(column), position);
    }
  } finally {
    await handle.close();
  }
  return octetsOf(checksums);
}

/** Undefined for whatever is not, octet for octet, what was written; never through a link. */
export async function readColumns(
  path: string,
  wanted: { readonly mailboxId: number; readonly messages: number; readonly checksums: Uint8Array },
): Promise<MailboxColumns | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  try {
    return handle && (await read(handle, wanted));
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}

async function read(
  handle: FileHandle,
  { mailboxId, messages, checksums }: Parameters<typeof readColumns>[1],
): Promise<MailboxColumns | undefined> {
  const columns = new MailboxColumns();
  columns.reserve(messages + SPARE + Math.floor(messages * SPARE_SHARE));
  const parts = columns.arrays.map((column) => octetsOf(column.subarray(0, messages)));
  const head = headOf(mailboxId, messages);
  const size = parts.reduce((sum, part) => sum + part.length, head.byteLength);
  const found = await handle.stat();
  if (!found.isFile() || found.size !== size) return undefined;
  const foundHead = new Uint32Array(HEAD_WORDS);
  let position = await readAll(handle, octetsOf(foundHead), 0);
  if (head.some((word, index) => word !== foundHead[index])) return undefined;
  const expected = new Uint32Array(checksums.slice().buffer);
  if (expected.length !== parts.length * LANES) return undefined;
  const reads = parts.map((part) => {
    const from = position;
    position += part.length;
    return readAll(handle, part, from);
  });
  // All together: most of the time goes into memory that is touched for the first time.
  await Promise.all(reads);
  for (const [index, part] of parts.entries()) {
    const checksum = checksumOf(part);
    for (let lane = 0; lane < LANES; lane++) {
      if (checksum[lane] !== expected[index * LANES + lane]) return undefined;
    }
    // Eight megabytes in a mailbox of a million: others have their turn between two columns.
    await setImmediate();
  }
  columns.count = messages;
  return columns;
}

function headOf(mailboxId: number, messages: number): Uint32Array {
  return Uint32Array.of(MAGIC, mailboxId, Math.floor(mailboxId / 2 ** 32), messages);
}

function octetsOf(column: Column): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

/**
 * Four sums side by side, because that is four times as fast. Each step can be undone, so that a
 * single changed word is always noticed; an error that is not noticed needs all four to agree.
 */
function checksumOf(octets: Uint8Array): Uint32Array {
  const words = new Int32Array(octets.buffer, octets.byteOffset, octets.length >>> 2);
  let [a, b, c, d] = [0x1b873593, 0x2545f491, 0x3c6ef372, 0x27d4eb2f];
  const whole = words.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    a = step(a ^ words[at]);
    b = step(b ^ words[at + 1]);
    c = step(c ^ words[at + 2]);
    d = step(d ^ words[at + 3]);
  }
  for (let at = whole; at < words.length; at++) a = step(a ^ words[at]);
  return Uint32Array.of(a, b, c, d);
}

/** Turned before it is multiplied: a multiplication carries only upwards, and the top would be lost. */
function step(sum: number): number {
  return (Math.imul((sum << 13) | (sum >>> 19), 0x2c1b3c6d) + 0x297a2d39) | 0;
}

async function writeAll(handle: FileHandle, octets: Uint8Array, from: number): Promise<number> {
  for (let done = 0; done < octets.length;) {
    const { bytesWritten } = await handle.write(octets, done, octets.length - done, from + done);
    done += bytesWritten;
  }
  return from + octets.length;
}

async function readAll(handle: FileHandle, octets: Uint8Array, from: number): Promise<number> {
  for (let done = 0; done < octets.length;) {
    const { bytesRead } = await handle.read(octets, done, octets.length - done, from + done);
    if (bytesRead === 0) throw new Error("the file ends too soon");
    done += bytesRead;
  }
  return from + octets.length;
}
