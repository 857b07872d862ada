/** Encoded words (RFC 2047): length, alphabet, charset, and the places where they may not be. */

import { decodeBase64Body } from "../base64.ts";
import { encodeLatin1 } from "../../base/bytes.ts";
import { isKnownCharset } from "../charset.ts";
import { MAX_WORD_LENGTH } from "../encoded-word.ts";
import type { FindingList } from "./finding.ts";

const WORD = /=\?([^?\s]{1,60})\?([A-Za-z])\?([^?]*)\?=/g;

export function checkEncodedWords(
  text: string,
  at: number,
  name: string,
  findings: FindingList,
  options: { readonly isStructured: boolean },
): void {
  if (!text.includes("=?")) return;
  for (const match of text.matchAll(WORD)) {
    checkWord(match, at, name, findings);
    const before = text[match.index - 1];
    const after = text[match.index + match[0].length];
    // RFC 2047 §5: white space around it, or in structured fields the brackets of a comment.
    const isApart = (char: string | undefined): boolean =>
      char === undefined || /[ \t]/.test(char) || (options.isStructured && /[(),<>:;]/.test(char));
    if (options.isStructured && isInQuotes(text, match.index)) {
      findings.add(
        "word-in-quotes",
        "warning",
        at,
        "RFC 2047 §5",
        `${name} has an encoded word within quotes, where it means nothing`,
      );
    } else if (!isApart(before) || !isApart(after)) {
      findings.add(
        "word-not-apart",
        "warning",
        at,
        "RFC 2047 §5",
        `${name} has an encoded word that touches other text: put a space between`,
      );
    }
  }
}

function checkWord(match: RegExpExecArray, at: number, name: string, findings: FindingList): void {
  const [word, label, encoding, encoded] = match;
  if (word.length > MAX_WORD_LENGTH) {
    findings.add(
      "word-too-long",
      "error",
      at,
      "RFC 2047 §2",
      `${name} has an encoded word of ${word.length} characters; 75 is the most`,
    );
  }
  const [charset] = label.split("*");
  if (!isKnownCharset(charset) && !/^us-ascii$/i.test(charset)) {
    findings.add(
      "word-charset",
      "error",
      at,
      "RFC 2047 §3",
      `${name} has an encoded word in "${charset}", a charset nobody knows`,
    );
  }
  const kind = encoding.toUpperCase();
  if (kind !== "B" && kind !== "Q") {
    findings.add(
      "word-encoding",
      "error",
      at,
      "RFC 2047 §4",
      `${name} has an encoded word in encoding "${encoding}": only B and Q exist`,
    );
  } else if (/\s/.test(encoded)) {
    findings.add(
      "word-space",
      "error",
      at,
      "RFC 2047 §2",
      `${name} has an encoded word with a space in it: write _ or =20`,
    );
  } else if (kind === "B" && decodeBase64Body(encodeLatin1(encoded)).faultAt !== -1) {
    findings.add(
      "word-base64",
      "error",
      at,
      "RFC 2047 §4.1",
      `${name} has an encoded word that is not whole base64`,
    );
  } else if (kind === "Q" && /=(?![0-9A-Fa-f]{2})/.test(encoded)) {
    findings.add(
      "word-q",
      "error",
      at,
      "RFC 2047 §4.2",
      `${name} has an encoded word with an = that no two hex digits follow`,
    );
  }
}

function isInQuotes(text: string, index: number): boolean {
  let isQuoted = false;
  for (let at = 0; at < index; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') isQuoted = !isQuoted;
  }
  return isQuoted;
}
