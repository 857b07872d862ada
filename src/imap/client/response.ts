/**
 * What an IMAP server sends (RFC 9051 §7, RFC 3501 §7), as values. The grammar of a response is
 * kept generic here, atoms and strings and lists; what a FETCH or a LIST means is read from the
 * values by the `read-*` files.
 */

/** An atom or number is text, a quoted string or literal is octets, NIL is null, parentheses make an array. */
import { decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";

export type Value = string | Uint8Array | null | readonly Value[];

export type Status = "ok" | "no" | "bad" | "bye" | "preauth";

/** `[APPENDUID 38505 3955]`: name in upper case, the rest as values. */
export type ResponseCode = { readonly name: string; readonly values: readonly Value[] };

export type StatusResponse = {
  readonly type: "status";
  /** Undefined for an untagged one. */
  readonly tag: string | undefined;
  readonly status: Status;
  readonly code: ResponseCode | undefined;
  /** For people; UTF-8, untrusted. */
  readonly text: string;
};

export type DataResponse = {
  readonly type: "data";
  /** `FETCH`, `LIST`, `EXISTS`…, upper case. */
  readonly name: string;
  /** The number in front, as in `* 12 FETCH`. */
  readonly number: number | undefined;
  readonly values: readonly Value[];
};

export type ContinuationResponse = { readonly type: "continuation"; readonly text: string };

export type Response = StatusResponse | DataResponse | ContinuationResponse;

/** The number an atom spells, if it does and is exact. */
export function numberOf(value: Value | undefined): number | undefined {
  if (typeof value !== "string" || !/^\d{1,16}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The octets of a string or atom (IMAP's astring and nstring); undefined for NIL and lists. */
export function octetsOf(value: Value | undefined): Uint8Array | undefined {
  if (typeof value === "string") return encodeUtf8(value);
  return value instanceof Uint8Array ? value : undefined;
}

/** The text of a string or atom; octets that are not UTF-8 show as U+FFFD. */
export function textOf(value: Value | undefined): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof Uint8Array ? decodeUtf8(value) : undefined;
}

export function listOf(value: Value | undefined): readonly Value[] {
  return isList(value) ? value : [];
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}
