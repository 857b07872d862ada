/** Received fields (RFC 5321 §4.4): who gave the message to whom, how and when. Reads what it finds. */

import { commentText, endOfComment, endOfQuoted, isSpace } from "./comment.ts";
import { type MessageDate, parseDate } from "./date.ts";

export type Received = {
  /** The name the client gave itself. */
  readonly from: string | undefined;
  /** The comment after it: what the server saw (`host [address]`). */
  readonly fromSeen: string | undefined;
  readonly by: string | undefined;
  readonly via: string | undefined;
  /** `ESMTPS` and the like (RFC 3848). */
  readonly with: string | undefined;
  readonly id: string | undefined;
  /** Without angle brackets. */
  readonly for: string | undefined;
  readonly date: MessageDate | undefined;
};

type Clause = "from" | "by" | "via" | "with" | "id" | "for";
const CLAUSES: readonly string[] = ["from", "by", "via", "with", "id", "for"];
const MAX_WORDS = 200;

export function parseReceived(text: string): Received {
  const semicolon = lastSemicolon(text);
  const dateText = semicolon === -1 ? "" : text.slice(semicolon + 1);
  const found = new Map<Clause, string>();
  let fromSeen: string | undefined;
  let clause: Clause | undefined;
  for (const word of words(semicolon === -1 ? text : text.slice(0, semicolon))) {
    if (word.startsWith("(")) {
      if (clause === "from" && found.has("from") && !found.has("by"))
        fromSeen ??= commentText(word);
      continue;
    }
    const key = word.toLowerCase();
    if (isClause(key) && !found.has(key)) clause = key;
    else if (clause !== undefined && !found.has(clause)) found.set(clause, word);
  }
  return {
    from: found.get("from"),
    fromSeen,
    by: found.get("by"),
    via: found.get("via"),
    with: found.get("with"),
    id: found.get("id"),
    for: found.get("for")?.replace(/^<(.*)>$/, "$1"),
    date: parseDate(dateText),
  };
}

function isClause(word: string): word is Clause {
  return CLAUSES.includes(word);
}

/** Outside comments and quoted strings. */
function lastSemicolon(text: string): number {
  let last = -1;
  for (let index = 0; index < text.length;) {
    if (text[index] === "(") index = endOfComment(text, index);
    else if (text[index] === '"') index = endOfQuoted(text, index);
    else {
      if (text[index] === ";") last = index;
      index++;
    }
  }
  return last;
}

/** Words and comments, in order. */
function words(text: string): string[] {
  const result: string[] = [];
  let index = 0;
  while (index < text.length && result.length < MAX_WORDS) {
    const start = index;
    if (isSpace(text.charCodeAt(index))) {
      index++;
      continue;
    }
    if (text[index] === "(") index = endOfComment(text, index);
    else while (index < text.length && !/[ \t(]/.test(text[index])) index++;
    result.push(text.slice(start, index));
  }
  return result;
}
