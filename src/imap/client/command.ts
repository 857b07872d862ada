/**
 * Commands as a client writes them (RFC 9051 §6, §9): words we choose and arguments that come from
 * outside. Only `astring` and `literal` take data, so that no data can become a command (security
 * row 16).
 */

import { encodeLatin1, encodeUtf8 } from "../../base/bytes.ts";
import { invariant } from "../../base/errors.ts";
import { encodeModifiedUtf7 } from "../modified-utf7.ts";

/** A literal that is sent as its octets come, so that nobody holds all of it. */
export type StreamedLiteral = {
  readonly sizeOctets: number;
  /** Exactly `sizeOctets`. */
  readonly chunks: () => AsyncIterable<Uint8Array>;
};

/** Text is sent as it stands; octets are sent as a literal. */
export type CommandPart = string | Uint8Array | StreamedLiteral;

// A quoted string longer than this goes as a literal: servers limit their lines.
const MAX_QUOTED = 1000;

/** Data as a quoted string where its characters allow that, as a literal otherwise. */
export function astring(text: string): CommandPart {
  const isQuotable = text.length <= MAX_QUOTED && /^[\u0020-\u007e]*$/.test(text);
  return isQuotable ? `"${text.replace(/["\\]/g, "\\$&")}"` : encodeUtf8(text);
}

/** A mailbox name in the form of servers that have not enabled UTF-8. */
export function mailboxName(name: string): CommandPart {
  return astring(name.toUpperCase() === "INBOX" ? "INBOX" : encodeModifiedUtf7(name));
}

/** A flag or keyword: an atom, or a system flag. */
export function flagAtom(flag: string): string {
  invariant(isFlag(flag), `${JSON.stringify(flag)} is no flag`);
  return flag;
}

export function isFlag(text: string): boolean {
  return /^\\?[A-Za-z0-9!#$&'+\-./:;<=>?@^_`|~,]{1,100}$/.test(text);
}

/** Joins words and arguments with spaces. */
export function words(...parts: readonly (CommandPart | readonly CommandPart[])[]): CommandPart[] {
  return parts.flatMap((part, index): CommandPart[] => {
    const own = isPartList(part) ? [...part] : [part];
    return index === 0 ? own : [" ", ...own];
  });
}

function isPartList(part: CommandPart | readonly CommandPart[]): part is readonly CommandPart[] {
  return Array.isArray(part);
}

/** What is sent in one go: the last piece but one of a command ends in `{n}` and waits for `+`. */
export type CommandPiece =
  | { readonly octets: Uint8Array; readonly waits: boolean }
  | { readonly stream: StreamedLiteral };

/**
 * The octets of a command in pieces; after one that `waits` the server must say `+` first.
 * `plainLiteralOctets`: literals up to this size need no wait (RFC 7888: LITERAL+ any, LITERAL- 4096).
 */
export function encodeCommand(
  tag: string,
  parts: readonly CommandPart[],
  plainLiteralOctets: number,
): CommandPiece[] {
  const pieces: CommandPiece[] = [];
  let line = `${tag} `;
  for (const part of parts) {
    if (typeof part === "string") {
      invariant(/^[\u0020-\u007e]*$/.test(part), "a command's own words are printable ASCII");
      line += part;
      continue;
    }
    const size = "chunks" in part ? part.sizeOctets : part.length;
    const isPlain = size <= plainLiteralOctets;
    const announced = encodeLatin1(`${line}{${size}${isPlain ? "+" : ""}}\r\n`);
    pieces.push(
      { octets: announced, waits: !isPlain },
      "chunks" in part ? { stream: part } : { octets: part, waits: false },
    );
    line = "";
  }
  pieces.push({ octets: encodeLatin1(`${line}\r\n`), waits: false });
  return pieces;
}
