/** One command line as verb and argument (RFC 5321 §4.1.1). Arguments are read by `verbs/`. */

import { decodeLatin1, decodeUtf8Strict } from "../base/bytes.ts";
import type { Reply } from "./reply.ts";
import * as replies from "./replies.ts";
import { type Verb, VERBS } from "./session.ts";

export type Command = {
  /** Undefined for a verb the engine does not know. */
  readonly verb: Verb | undefined;
  /** The verb as sent, in upper case, for the log. */
  readonly word: string;
  /** What follows the verb, trimmed. */
  readonly argument: string;
};

const KNOWN: ReadonlyMap<string, Verb> = new Map(VERBS.map((verb) => [verb, verb]));
const MAX_WORD_CHARACTERS = 20;

/** A command, or the reply to a line that cannot be one. */
export function parseCommand(line: Uint8Array): Command | { readonly refusal: Reply } {
  let text = decodeLatin1(line);
  if (/[\u0000-\u001f\u007f]/.test(text)) return { refusal: replies.CONTROL_CHARACTER };
  if (/[\u0080-\u00ff]/.test(text)) {
    const decoded = decodeUtf8Strict(line);
    if (decoded === undefined) return { refusal: replies.NOT_UTF8 };
    text = decoded;
  }
  const space = text.indexOf(" ");
  const word = (space === -1 ? text : text.slice(0, space)).toUpperCase();
  const argument = space === -1 ? "" : text.slice(space + 1).trim();
  return { verb: KNOWN.get(word), word: word.slice(0, MAX_WORD_CHARACTERS), argument };
}

/** First words of HTTP (and of TLS's neighbours): a browser, not a mail client, is at the other end. */
const FOREIGN: ReadonlySet<string> = new Set([
  "GET",
  "POST",
  "PUT",
  "HEAD",
  "OPTIONS",
  "CONNECT",
  "DELETE",
  "TRACE",
  "PATCH",
  "PRI",
]);

export function isHttp(command: Command): boolean {
  return FOREIGN.has(command.word);
}
