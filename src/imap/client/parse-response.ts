/**
 * Reads one response (as `response-decoder.ts` cuts it, literals in place) into values. Linear,
 * without recursion, depth and count bounded. Takes a little more than RFC 9051 §9 allows where
 * servers in the field send it; what makes no sense is a fault and never an exception.
 */

import { decodeLatin1, decodeUtf8, nativeView } from "../../base/bytes.ts";
import { fault, ok, type Result } from "../../base/result.ts";
import type { Response, ResponseCode, Status, Value } from "./response.ts";

/** Lists in lists: BODYSTRUCTURE takes about two levels for each level of MIME. */
export const MAX_DEPTH = 256;

const STATUSES: ReadonlyMap<string, Status> = new Map([
  ["OK", "ok"],
  ["NO", "no"],
  ["BAD", "bad"],
  ["BYE", "bye"],
  ["PREAUTH", "preauth"],
]);

const PREFIX = /^([^\s"(){}*%\\+]{1,200}|\*) ([A-Za-z]+)(?: |$)/;
const NUMBERED = /^\* (\d{1,10}) ([A-Za-z]+)(?: |$)/;
const UNTAGGED = /^\* ([A-Za-z][A-Za-z0-9.-]*)(?: |$)/;

export function parseResponse(response: Uint8Array): Result<Response> {
  // Each of its many strings is a view of it and is decoded for itself: so the right kind of view.
  const octets = nativeView(response);
  if (octets[0] === 43 /* + */) {
    return ok({ type: "continuation", text: decodeUtf8(octets, octets[1] === 32 ? 2 : 1) });
  }
  const opening = decodeLatin1(octets, 0, Math.min(octets.length, 256));
  const prefix = PREFIX.exec(opening);
  const status = prefix === null ? undefined : STATUSES.get(prefix[2].toUpperCase());
  if (prefix !== null && status !== undefined) {
    const tag = prefix[1] === "*" ? undefined : prefix[1];
    return ok({ type: "status", tag, status, ...parseStatusText(octets, prefix[0].length) });
  }
  const numbered = NUMBERED.exec(opening);
  const match = numbered ?? UNTAGGED.exec(opening);
  if (match === null) return fault("neither a tagged, an untagged nor a continuation response");
  const values = parseValues(octets, match[0].length);
  if (!values.ok) return values;
  const name = match[match.length - 1].toUpperCase();
  const number = numbered === null ? undefined : Number(numbered[1]);
  return ok({ type: "data", name, number, values: values.value });
}

/** RFC 9051 §7.1: `[CODE arguments] text`. A code that cannot be read is left in the text. */
function parseStatusText(
  octets: Uint8Array,
  from: number,
): { code: ResponseCode | undefined; text: string } {
  const whole = decodeUtf8(octets, from);
  const match = /^\[([A-Za-z0-9.-]{1,64})(?: ((?:[^\]"]|"(?:[^"\\]|\\.)*")*))?\] ?/.exec(whole);
  if (match === null) return { code: undefined, text: whole };
  const start = from + 1 + match[1].length;
  const values = match[2] === undefined ? ok([]) : parseCodeValues(octets, start);
  const name = match[1].toUpperCase();
  return {
    code: { name, values: values.ok ? values.value : [] },
    text: whole.slice(match[0].length),
  };
}

function parseCodeValues(octets: Uint8Array, from: number): Result<readonly Value[]> {
  let inQuotes = false;
  for (let at = from; at < octets.length; at++) {
    if (octets[at] === 34) inQuotes = !inQuotes;
    else if (octets[at] === 92 && inQuotes) at++;
    else if (octets[at] === 93 && !inQuotes) return parseValues(octets.subarray(0, at), from);
  }
  return fault("a response code has no closing bracket", from);
}

/** Values up to the end of the octets, separated by spaces. */
export function parseValues(octets: Uint8Array, from = 0): Result<readonly Value[]> {
  const outer: Value[] = [];
  const stack: Value[][] = [];
  let current = outer;
  let at = from;
  while (at < octets.length) {
    const octet = octets[at];
    if (octet === 32) {
      at++;
    } else if (octet === 40 /* ( */) {
      if (stack.length >= MAX_DEPTH) return fault("lists are nested too deep", at);
      const inner: Value[] = [];
      current.push(inner);
      stack.push(current);
      current = inner;
      at++;
    } else if (octet === 41 /* ) */) {
      const parent = stack.pop();
      if (parent === undefined) return fault("a closing parenthesis without an opening one", at);
      current = parent;
      at++;
    } else {
      const one = parseOne(octets, at);
      if (!one.ok) return one;
      current.push(one.value.value);
      at = one.value.end;
    }
  }
  return stack.length === 0 ? ok(outer) : fault("a list has no closing parenthesis", at);
}

type Parsed = Result<{ readonly value: Value; readonly end: number }>;

function parseOne(octets: Uint8Array, at: number): Parsed {
  const octet = octets[at];
  if (octet === 34 /* " */) return parseQuoted(octets, at);
  if (octet === 123 /* { */) return parseLiteral(octets, at);
  // RFC 9051 §9 literal8, from BINARY
  if (octet === 126 && octets[at + 1] === 123) return parseLiteral(octets, at + 1);
  return parseAtom(octets, at);
}

function parseQuoted(octets: Uint8Array, at: number): Parsed {
  const closing = octets.indexOf(34, at + 1);
  if (closing === -1) return fault("a quoted string has no closing quote", at);
  if (octets.subarray(at, closing).indexOf(92) === -1) {
    return ok({ value: octets.subarray(at + 1, closing), end: closing + 1 });
  }
  const text: number[] = [];
  for (let index = at + 1; index < octets.length; index++) {
    if (octets[index] === 34) return ok({ value: Uint8Array.from(text), end: index + 1 });
    if (octets[index] === 92) index++;
    text.push(octets[index]);
  }
  return fault("a quoted string has no closing quote", at);
}

function parseLiteral(octets: Uint8Array, at: number): Parsed {
  const marker = /^\{(\d{1,10})\+?\}\r\n/.exec(
    decodeLatin1(octets, at, Math.min(at + 15, octets.length)),
  );
  if (marker === null) return fault("a literal is not announced as it must be", at);
  const start = at + marker[0].length;
  const end = start + Number(marker[1]);
  if (end > octets.length) return fault("a literal is cut off", at);
  return ok({ value: octets.subarray(start, end), end });
}

/**
 * An atom, number, flag, or `BODY[HEADER.FIELDS (DATE "X Y")]<0>`, whose brackets may hold spaces,
 * parentheses and strings.
 */
function parseAtom(octets: Uint8Array, from: number): Parsed {
  let at = from;
  let isInBrackets = false;
  for (; at < octets.length; at++) {
    const octet = octets[at];
    if (octet < 32 || octet === 127) break;
    if (isInBrackets) {
      if (octet === 93 /* ] */) isInBrackets = false;
    } else if (octet === 91 /* [ */ && at > from) {
      isInBrackets = true;
    } else if (octet === 32 || octet === 40 || octet === 41 || octet === 34 || octet === 123) {
      break;
    }
  }
  if (isInBrackets) return fault("a section has no closing bracket", from);
  if (at === from) return fault("a character that starts no value", from);
  const text = decodeUtf8(octets, from, at);
  return ok({ value: text.length === 3 && text.toUpperCase() === "NIL" ? null : text, end: at });
}
