/**
 * Takes lists of mailboxes and groups apart (RFC 5322 §3.4, §4.4): comments, quoted strings, route
 * addresses, domain literals, obsolete dots and empty members, and what real mail gets wrong (`;`
 * between members, no angle brackets, no closing ones). One pass, no recursion, never fails. It
 * neither decodes nor checks: what ENVELOPE needs, fast. `address-list.ts` does the rest.
 */

import {
  AT,
  COLON,
  COMMA,
  DOT,
  endOfLiteral,
  endOfWord,
  glue,
  GREATER,
  lastIndexOfAt,
  LESS,
  phraseOf,
  SEMICOLON,
  splitAddress,
  type SplitAddress,
  type Token,
} from "./address-token.ts";
import { commentText, endOfComment, endOfQuoted, isSpace, quotedText } from "./comment.ts";

/** A mailbox as written: phrase unquoted but with its encoded words, address perhaps not valid. */
export type RawMailbox = SplitAddress & {
  readonly kind: "mailbox";
  /** The phrase before the address, or the comment after it; "" if there is none. */
  readonly phrase: string;
  /** Source route of an obsolete route address, as written (RFC 5322 §4.4). */
  readonly route: string;
};

export type RawGroup = {
  readonly kind: "group";
  readonly phrase: string;
  readonly members: readonly RawMailbox[];
};

export type RawAddressList = {
  readonly entries: readonly (RawMailbox | RawGroup)[];
  /** There were more addresses than the limit: the rest was not read. */
  readonly isCut: boolean;
  /** The first faults, by character offset. */
  readonly faults: readonly { readonly problem: string; readonly at: number }[];
};

export const MAX_ADDRESSES = 10_000;
const MAX_FAULTS = 20;

/** Takes a list apart without decoding or checking addresses: for ENVELOPE and for speed. */
export function scanAddressList(
  text: string,
  maxAddresses: number = MAX_ADDRESSES,
): RawAddressList {
  return new AddressScanner(text, maxAddresses).scan();
}

class AddressScanner {
  readonly #text: string;
  readonly #max: number;
  readonly #entries: (RawMailbox | RawGroup)[] = [];
  readonly #faults: { problem: string; at: number }[] = [];
  #group: { phrase: string; members: RawMailbox[] } | undefined;
  #at = 0;
  #count = 0;
  #comment = "";

  constructor(text: string, max: number) {
    this.#text = text;
    this.#max = max;
  }

  scan(): RawAddressList {
    let isCut = false;
    while (this.#at < this.#text.length) {
      if (this.#count >= this.#max && this.#hasMore()) {
        isCut = true;
        break;
      }
      this.#entry();
    }
    if (this.#group) {
      this.#fault("the group has no closing semicolon");
      this.#closeGroup();
    }
    return { entries: this.#entries, isCut, faults: this.#faults };
  }

  /** Whether anything but separators and white space is left. */
  #hasMore(): boolean {
    while (this.#at < this.#text.length) {
      const char = this.#text.charCodeAt(this.#at);
      if (!isSpace(char) && char !== COMMA && char !== SEMICOLON) return true;
      if (char === SEMICOLON) this.#closeGroup();
      this.#at++;
    }
    return false;
  }

  /** One member up to and with its separator. */
  #entry(): void {
    const start = this.#at;
    this.#comment = "";
    const tokens: Token[] = [];
    let angle: Token[] | undefined;
    for (;;) {
      const token = this.#token(tokens.length > 0);
      if (typeof token !== "number") {
        // Junk after `<…>` is dropped; RFC 5322 allows nothing but comments there.
        if (angle === undefined) tokens.push(token);
        else this.#fault("text after the closing angle bracket");
        continue;
      }
      if (token === LESS) {
        if (angle !== undefined) this.#fault("a second address in angle brackets");
        angle = this.#angle(angle);
        continue;
      }
      if (
        token === COLON &&
        this.#group === undefined &&
        angle === undefined &&
        tokens.length > 0
      ) {
        this.#group = { phrase: phraseOf(tokens), members: [] };
        return;
      }
      if (token === COLON || token === GREATER) {
        this.#fault(token === COLON ? "a stray colon" : "a stray closing angle bracket");
        if (token === COLON) tokens.push({ kind: "colon", text: ":", spaceBefore: false });
        continue;
      }
      this.#finish(tokens, angle, start);
      if (token === SEMICOLON) this.#semicolon();
      return;
    }
  }

  #semicolon(): void {
    if (this.#group) this.#closeGroup();
    else this.#fault("a semicolon between addresses, where a comma belongs");
  }

  #finish(tokens: Token[], angle: Token[] | undefined, start: number): void {
    if (tokens.length === 0 && angle === undefined) return;
    const mailbox = angle === undefined ? this.#bare(tokens) : this.#named(tokens, angle);
    if (mailbox.domain === "") this.#fault("an address without a domain", start);
    (this.#group?.members ?? this.#entries).push(mailbox);
    this.#count++;
  }

  #named(tokens: Token[], angle: Token[]): RawMailbox {
    const phrase = tokens.length > 0 ? phraseOf(tokens) : this.#comment;
    // `<@a,@b:user@c>`: the route ends at the colon.
    const colon = angle[0]?.kind === "at" ? angle.findIndex((token) => token.kind === "colon") : -1;
    const route = colon === -1 ? "" : glue(angle.slice(0, colon));
    return { kind: "mailbox", phrase, route, ...splitAddress(angle.slice(colon + 1)) };
  }

  /** `user@host`, perhaps with words before it that were meant as a name. */
  #bare(tokens: Token[]): RawMailbox {
    const at = lastIndexOfAt(tokens);
    let first = 0;
    if (at > 0) {
      first = at - 1;
      while (first > 0 && (tokens[first].kind === "dot" || tokens[first - 1].kind === "dot"))
        first--;
      while (first > 0 && !tokens[first].spaceBefore) first--;
    }
    const before = tokens.slice(0, first);
    if (before.length > 0) this.#fault("a name before an address without angle brackets");
    const phrase = before.length > 0 ? phraseOf(before) : this.#comment;
    return { kind: "mailbox", phrase, route: "", ...splitAddress(tokens.slice(first)) };
  }

  #closeGroup(): void {
    if (this.#group === undefined) return;
    this.#entries.push({ kind: "group", ...this.#group });
    this.#group = undefined;
    this.#count++;
  }

  /** The tokens within angle brackets; the scanner stands after `<`. */
  #angle(before: Token[] | undefined): Token[] {
    const tokens: Token[] = [];
    for (;;) {
      const token = this.#token(tokens.length > 0);
      if (typeof token !== "number") tokens.push(token);
      else if (token === GREATER) break;
      else if (token === COLON) tokens.push({ kind: "colon", text: ":", spaceBefore: false });
      else if (token === COMMA && tokens[0]?.kind === "at" && !this.#isAtEnd()) continue;
      else {
        this.#fault("an angle bracket is never closed");
        // Leave the separator, or the next `<`, to whoever reads on.
        if (!this.#isAtEnd()) this.#at--;
        break;
      }
    }
    return before === undefined || before.length === 0 ? tokens : before;
  }

  /** The text is used up; the COMMA that `#token` then gives is not in it. */
  #isAtEnd(): boolean {
    return this.#at > this.#text.length;
  }

  /** The next token, or the code of a separator (COMMA at the end of the text). */
  #token(hasBefore: boolean): Token | number {
    const text = this.#text;
    let spaceBefore = false;
    for (;;) {
      if (this.#at >= text.length) {
        this.#at = text.length + 1;
        return COMMA;
      }
      const char = text.charCodeAt(this.#at);
      if (isSpace(char)) this.#at++;
      else if (char === 0x28) this.#readComment();
      else break;
      spaceBefore = true;
    }
    const start = this.#at;
    const char = text.charCodeAt(start);
    spaceBefore &&= hasBefore;
    switch (char) {
      case 0x22: {
        this.#at = endOfQuoted(text, start);
        return { kind: "quoted", text: quotedText(text.slice(start, this.#at)), spaceBefore };
      }
      case 0x5b: {
        this.#at = endOfLiteral(text, start);
        return { kind: "literal", text: text.slice(start, this.#at), spaceBefore };
      }
      case AT:
      case DOT: {
        this.#at++;
        return { kind: char === AT ? "at" : "dot", text: text[start], spaceBefore };
      }
      case COMMA:
      case SEMICOLON:
      case COLON:
      case LESS:
      case GREATER: {
        this.#at++;
        return char;
      }
      default: {
        this.#at = endOfWord(text, start);
        return { kind: "word", text: text.slice(start, this.#at), spaceBefore };
      }
    }
  }

  #readComment(): void {
    const end = endOfComment(this.#text, this.#at);
    const comment = commentText(this.#text.slice(this.#at, end));
    if (comment !== "") this.#comment = comment;
    this.#at = end;
  }

  #fault(problem: string, at: number = Math.min(this.#at, this.#text.length)): void {
    if (this.#faults.length < MAX_FAULTS) this.#faults.push({ problem, at });
  }
}
