/**
 * Octets. The one place among the pure layers that knows Node's Buffer: its native search and
 * coding are an order of magnitude faster than a loop, and every engine stands on them.
 */

interface NativeBuffer extends Uint8Array<ArrayBuffer> {
  indexOf(value: Uint8Array | number | string, from?: number, encoding?: string): number;
  lastIndexOf(value: Uint8Array | number, from?: number): number;
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number, length: number): number;
  equals(other: Uint8Array): boolean;
  compare(other: Uint8Array): number;
}

declare const Buffer: {
  from(octets: ArrayBufferLike, offset: number, length: number): NativeBuffer;
  from(text: string, encoding: "latin1" | "utf8" | "base64"): NativeBuffer;
  concat(parts: readonly Uint8Array[], total?: number): NativeBuffer;
  byteLength(text: string, encoding: "utf8"): number;
  isBuffer(value: unknown): boolean;
};

export const CR = 13;
export const LF = 10;
export const SP = 32;
export const TAB = 9;
export const CRLF: Uint8Array = Uint8Array.of(CR, LF);
export const NO_OCTETS: Uint8Array = new Uint8Array(0);

function native(octets: Uint8Array): NativeBuffer {
  return Buffer.isBuffer(octets)
    ? (octets as NativeBuffer)
    : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}

/** The same octets (no copy), in the form on which the functions here are fastest: for code that calls many of them on one array. */
export function nativeView(octets: Uint8Array): Uint8Array {
  return native(octets);
}

/** The first position of `pattern` (octets, or one octet) at or after `from`, or -1. */
export function indexOfBytes(octets: Uint8Array, pattern: Uint8Array | number, from = 0): number {
  return typeof pattern === "number"
    ? octets.indexOf(pattern, from)
    : native(octets).indexOf(pattern, from);
}

/** Whether `octet` is among them: by the platform's own search, several times as fast as `includes`. */
export function hasOctet(octets: Uint8Array, octet: number): boolean {
  return native(octets).indexOf(octet) !== -1;
}

/** One array with the octets of all `parts`. A single part is returned as it is, not copied. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  return Buffer.concat(parts);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && native(a).equals(b);
}

/** One character per octet, U+0000 to U+00FF: lossless for any octets (ISO 8859-1, not windows-1252). */
export function decodeLatin1(octets: Uint8Array, start = 0, end: number = octets.length): string {
  // Node throws for an end beyond the octets; a parser that looks a little ahead must not.
  return native(octets).latin1Slice(start, Math.min(end, octets.length));
}

/** UTF-8 with U+FFFD for what is not; for showing and for protocols that say UTF-8. */
export function decodeUtf8(octets: Uint8Array, start = 0, end: number = octets.length): string {
  return native(octets).utf8Slice(start, Math.min(end, octets.length));
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8, or undefined where the octets are not well-formed UTF-8. */
export function decodeUtf8Strict(octets: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(octets);
  } catch {
    return undefined;
  }
}

/** The octets of `text`, one per character; characters over U+00FF lose their high bits, so only for text known to have none. */
export function encodeLatin1(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

export function encodeUtf8(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}

/** How many octets `text` takes in UTF-8. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

export function isAscii(octets: Uint8Array): boolean {
  for (let i = 0; i < octets.length; i++) if (octets[i] > 127) return false;
  return true;
}

/** ASCII letters to lower case, all else untouched: how SMTP, IMAP and header names compare. */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase());
}

/** Standard base64 with padding (RFC 4648 §4). */
export function encodeBase64(octets: Uint8Array): string {
  return (native(octets) as unknown as { toString(encoding: string): string }).toString("base64");
}

/** Strict base64 of RFC 4648 §4, as SASL demands: no white space, right padding; undefined otherwise. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, "base64");
}

/** Writes `text`, one octet a character, into `target` at `offset`; there must be room. */
export function writeLatin1(target: Uint8Array, text: string, offset: number): void {
  native(target).latin1Write(text, offset, text.length);
}
