/**
 * White space and comments between the tokens of structured fields (RFC 5322 §3.2.2). Comments
 * nest by a counter, not by recursion; one that never closes ends with the text.
 */

/** The index after the comment that opens at `from` (where the `(` is); `text.length` if it never closes. */
export function endOfComment(text: string, from: number): number {
  let depth = 0;
  for (let index = from; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (char === 0x5c) index++;
    else if (char === 0x28) depth++;
    else if (char === 0x29 && --depth === 0) return index + 1;
  }
  return text.length;
}

/** What the comment in `text` (with its parentheses) says: quoted pairs resolved. */
export function commentText(comment: string): string {
  const inner = comment.slice(1, comment.endsWith(")") ? -1 : undefined);
  return unescapePairs(inner).trim();
}

/** The index of the first character at or after `from` that is neither white space nor within a comment. */
export function skipSpaceAndComments(text: string, from: number): number {
  let index = from;
  while (index < text.length) {
    const char = text.charCodeAt(index);
    if (isSpace(char)) index++;
    else if (char === 0x28) index = endOfComment(text, index);
    else break;
  }
  return index;
}

/** The text with every comment replaced by one space; quoted strings are left alone. */
export function stripComments(text: string): string {
  if (!text.includes("(")) return text;
  let result = "";
  let index = 0;
  while (index < text.length) {
    const char = text[index];
    if (char === "(") {
      index = endOfComment(text, index);
      result += " ";
    } else if (char === '"') {
      const end = endOfQuoted(text, index);
      result += text.slice(index, end);
      index = end;
    } else {
      result += char;
      index++;
    }
  }
  return result;
}

/** The index after the quoted string that opens at `from`; `text.length` if it never closes. */
export function endOfQuoted(text: string, from: number): number {
  for (let index = from + 1; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (char === 0x5c) index++;
    else if (char === 0x22) return index + 1;
  }
  return text.length;
}

/** What the quoted string in `text` (with its quotes) says. */
export function quotedText(quoted: string): string {
  const isClosed = quoted.length > 1 && quoted.endsWith('"');
  return unescapePairs(quoted.slice(1, isClosed ? -1 : undefined));
}

function unescapePairs(text: string): string {
  return text.includes("\\") ? text.replace(/\\([^])/g, "$1") : text;
}

export function isSpace(char: number): boolean {
  return char === 0x20 || char === 0x09;
}
