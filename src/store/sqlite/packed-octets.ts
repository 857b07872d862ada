/**
 * Octets of a message as they lie in a segment once they are packed: cut into frames of 256 KiB, each
 * compressed for itself (Zstandard, RFC 8878), behind a table of their lengths, so that a part of a
 * large message costs a part of the work. Unpacking gives exactly what was packed.
 *
 *     length of frame 0 (32 bits, little-endian) … length of frame n-1, frame 0 … frame n-1
 */

import { zstdCompressSync, zstdDecompressSync } from "node:zlib";

import { MailError } from "../../base/errors.ts";

const FRAME_OCTETS = 256 << 10;
const LENGTH_OCTETS = 4;
/** It must save this part, or the octets stay as they are: unpacking is not free. */
const LEAST_GAIN = 0.1;

/** What lies in the segment instead of `octets`, or undefined if that would hardly be shorter. */
export function pack(octets: Uint8Array): Uint8Array | undefined {
  const count = frameCount(octets.length);
  const frames: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    frames.push(
      zstdCompressSync(octets.subarray(index * FRAME_OCTETS, (index + 1) * FRAME_OCTETS)),
    );
  }
  const total = frames.reduce((sum, { length }) => sum + length, count * LENGTH_OCTETS);
  if (total > octets.length * (1 - LEAST_GAIN)) return undefined;
  const packed = new Uint8Array(total);
  const table = new DataView(packed.buffer);
  let at = count * LENGTH_OCTETS;
  frames.forEach((frame, index) => {
    table.setUint32(index * LENGTH_OCTETS, frame.length, true);
    packed.set(frame, at);
    at += frame.length;
  });
  return packed;
}

/** The whole message. Throws `store-corrupt` if `packed` is not what `pack` made of `size` octets. */
export function unpack(packed: Uint8Array, size: number): Uint8Array {
  const { first, last, from, to } = framesOf(packed, size, 0, size);
  return unpackFrames(packed.subarray(from, to), lengths(packed, size), first, last, size);
}

/** How long the table before the frames is: what must be read to know where a part lies. */
export function tableOctets(size: number): number {
  return frameCount(size) * LENGTH_OCTETS;
}

export type Frames = {
  /** Frames `first` to `last`, exclusive, … */
  readonly first: number;
  readonly last: number;
  /** … lie here, counted from the beginning of the packed octets. */
  readonly from: number;
  readonly to: number;
};

/** Which frames hold octets `start` to `end` (exclusive) of a message of `size` octets. */
export function framesOf(table: Uint8Array, size: number, start: number, end: number): Frames {
  const all = lengths(table, size);
  const first = Math.floor(start / FRAME_OCTETS);
  const last = Math.max(first, frameCount(end));
  let from = tableOctets(size);
  for (let index = 0; index < first; index++) from += all[index];
  let to = from;
  for (let index = first; index < last; index++) to += all[index];
  return { first, last, from, to };
}

/** Octets `start` to `end` out of the frames that `framesOf` named. */
export function unpackPart(
  table: Uint8Array,
  octets: Uint8Array,
  { first, last }: Frames,
  size: number,
  start: number,
  end: number,
): Uint8Array {
  const part = unpackFrames(octets, lengths(table, size), first, last, size);
  return part.subarray(start - first * FRAME_OCTETS, end - first * FRAME_OCTETS);
}

function unpackFrames(
  octets: Uint8Array,
  all: readonly number[],
  first: number,
  last: number,
  size: number,
): Uint8Array {
  const length = Math.min(last * FRAME_OCTETS, size) - first * FRAME_OCTETS;
  const whole = new Uint8Array(Math.max(0, length));
  let at = 0;
  let done = 0;
  for (let index = first; index < last; index++) {
    const frame = unpackFrame(octets.subarray(at, at + all[index]));
    if (done + frame.length > whole.length) throw spoilt();
    whole.set(frame, done);
    done += frame.length;
    at += all[index];
  }
  if (done !== whole.length) throw spoilt();
  return whole;
}

function unpackFrame(frame: Uint8Array): Uint8Array {
  try {
    return zstdDecompressSync(frame, { maxOutputLength: FRAME_OCTETS });
  } catch (error) {
    throw new MailError("store-corrupt", "packed octets cannot be unpacked", { cause: error });
  }
}

function lengths(table: Uint8Array, size: number): number[] {
  const count = frameCount(size);
  if (table.length < count * LENGTH_OCTETS) throw spoilt();
  const view = new DataView(table.buffer, table.byteOffset, count * LENGTH_OCTETS);
  return Array.from({ length: count }, (_, index) => view.getUint32(index * LENGTH_OCTETS, true));
}

function frameCount(octets: number): number {
  return Math.ceil(octets / FRAME_OCTETS);
}

function spoilt(): MailError {
  return new MailError("store-corrupt", "packed octets are not what was packed");
}
