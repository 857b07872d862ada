/** The tokens of address lists (RFC 5322 §3.2), and what runs of them say: a phrase, a local part, a domain. */

import { isSpace } from "./comment.ts";

export type Token = {
  readonly kind: "word" | "quoted" | "dot" | "at" | "literal" | "colon";
  readonly text: string;
  readonly spaceBefore: boolean;
};

export const AT: number = 0x40;
export const DOT: number = 0x2e;
export const COLON: number = 0x3a;
export const COMMA: number = 0x2c;
export const SEMICOLON: number = 0x3b;
export const LESS: number = 0x3c;
export const GREATER: number = 0x3e;

export function endOfLiteral(text: string, from: number): number {
  for (let index = from + 1; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (char === 0x5c) index++;
    else if (char === 0x5d) return index + 1;
    else if (char === COMMA || char === GREATER) return index;
  }
  return text.length;
}

/** Unencoded commas and the like within an encoded word are wrong, and common: the word stays whole. */
const ENCODED_WORD = /=\?[^?\s]{1,60}\?[BbQq]\?[^?\s]{0,500}\?=/y;

/** Atoms, and any other character that has no meaning of its own here. */
export function endOfWord(text: string, from: number): number {
  let index = from + 1;
  if (text.charCodeAt(from) === 0x3d && text.charCodeAt(index) === 0x3f) {
    ENCODED_WORD.lastIndex = from;
    if (ENCODED_WORD.test(text)) index = ENCODED_WORD.lastIndex;
  }
  for (; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (char > 0x40) {
      if (char === 0x5b) break;
      continue;
    }
    if (isSpace(char) || char === 0x22 || char === 0x28 || char === AT || char === DOT) break;
    if (char === COMMA || char === SEMICOLON || char === COLON) break;
    if (char === LESS || char === GREATER) break;
  }
  return index;
}

export function lastIndexOfAt(tokens: readonly Token[]): number {
  for (let index = tokens.length - 1; index >= 0; index--) {
    if (tokens[index].kind === "at") return index;
  }
  return -1;
}

export type SplitAddress = {
  readonly localPart: string;
  /** "" when there was no `@`. */
  readonly domain: string;
  /** The local part is words and dots, so that what it means is beyond doubt; `a@b@c` is not. */
  readonly isPlainLocalPart: boolean;
};

export function splitAddress(tokens: readonly Token[]): SplitAddress {
  const at = lastIndexOfAt(tokens);
  if (at === -1) return { localPart: glue(tokens), domain: "", isPlainLocalPart: false };
  const local = tokens.slice(0, at);
  return {
    localPart: glue(local),
    domain: glueTight(tokens, at + 1),
    isPlainLocalPart: isPlainLocalPart(local),
  };
}

/** Words with dots between them; dots may be doubled or last, as some providers hand them out. */
function isPlainLocalPart(tokens: readonly Token[]): boolean {
  return tokens.every(
    (token, index) =>
      token.kind === "dot" || (isTextual(token) && !(index > 0 && isTextual(tokens[index - 1]))),
  );
}

/** Words keep one space between them (which makes the address invalid, but says what was there); dots take none. */
export function glue(tokens: readonly Token[]): string {
  let result = "";
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    const isTight = index === 0 || !isTextual(token) || !isTextual(tokens[index - 1]);
    result += token.spaceBefore && !isTight ? ` ${token.text}` : token.text;
  }
  return result;
}

function isTextual(token: Token): boolean {
  return token.kind === "word" || token.kind === "quoted";
}

function glueTight(tokens: readonly Token[], from: number): string {
  let result = "";
  for (let index = from; index < tokens.length; index++) result += tokens[index].text;
  return result;
}

export function phraseOf(tokens: readonly Token[]): string {
  if (tokens.length === 1) return tokens[0].text;
  let result = "";
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    result += token.spaceBefore && index > 0 ? ` ${token.text}` : token.text;
  }
  return result;
}
