/** List- fields: the ways a list offers (RFC 2369 §2, RFC 8058) and its name (RFC 2919 §3). */

import { endOfComment, endOfQuoted } from "./comment.ts";
import { decodeWords } from "./encoded-word.ts";

const MAX_URIS = 50;

/** The URIs of a List- field in order of preference. `NO` and anything else that is no URI give none. */
export function parseListUris(text: string): string[] {
  const uris: string[] = [];
  let index = 0;
  while (index < text.length && uris.length < MAX_URIS) {
    if (text[index] === "(") {
      index = endOfComment(text, index);
      continue;
    }
    if (text[index] !== "<") {
      index++;
      continue;
    }
    const end = text.indexOf(">", index);
    if (end === -1) break;
    const uri = text.slice(index + 1, end).replace(/\s+/g, "");
    if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(uri)) uris.push(uri);
    index = end + 1;
  }
  return uris;
}

export type ListId = {
  /** What people call the list; "" if the field does not say. */
  readonly description: string;
  /** `list-label.namespace`, lower case. */
  readonly id: string;
};

export function parseListId(text: string): ListId | undefined {
  let open = -1;
  for (let index = 0; index < text.length;) {
    if (text[index] === '"') index = endOfQuoted(text, index);
    else if (text[index] === "(") index = endOfComment(text, index);
    else {
      if (text[index] === "<") open = index;
      index++;
    }
  }
  if (open === -1) {
    const bare = text.trim();
    return /^[^\s<>]{1,255}$/.test(bare) ? { description: "", id: bare.toLowerCase() } : undefined;
  }
  const close = text.indexOf(">", open);
  const id = text.slice(open + 1, close === -1 ? undefined : close).trim();
  if (id === "" || id.length > 255) return undefined;
  const description = decodeWords(
    text
      .slice(0, open)
      .trim()
      .replace(/^"(.*)"$/, "$1"),
  );
  return { description, id: id.toLowerCase() };
}
