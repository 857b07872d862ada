/**
 * Reads a command's arguments from left to right. The first thing that is not as it must be sticks:
 * afterwards every method yields its empty value and `take` finds nothing, so that a command's
 * parser is written straight down and asked once, at its end, whether all went well.
 *
 * Text is one character per octet here; `utf8` makes text of octets.
 */

import {
  decodeBase64,
  decodeLatin1,
  decodeUtf8Strict,
  encodeLatin1,
  NO_OCTETS,
} from "../../base/bytes.ts";
import { bad, type Completion } from "../completion.ts";
import { decodeMailboxName } from "../mailbox-name.ts";
import { parseSequenceSet, type SequenceSet } from "../sequence-set.ts";
import type { RawCommand, RawLiteral } from "./raw-command.ts";

// RFC 9051 §9: atom-specials are ( ) { SP CTL % * " \ ]; 8-bit is let through where UTF-8 may stand.
const ATOM = /[^(){ \x00-\x1f\x7f%*"\\\]\x80-\xff]+/y;
const ASTRING = /[^(){ \x00-\x1f\x7f%*"\\]+/y;
const LIST_MAILBOX = /[^(){ \x00-\x1f\x7f"\\]+/y;
const SET = /[0-9:*,$]+/y;
const NUMBER = /\d{1,20}/y;
const QUOTED = /"((?:[^"\\\r\n\x00]|\\["\\])*)"/y;

export class ArgumentReader {
  readonly isUtf8: boolean;
  readonly #texts: readonly string[];
  readonly #literals: readonly RawLiteral[];
  readonly #maxDepth: number;
  #piece = 0;
  #text: string;
  #at = 0;
  #depth = 0;
  #fault: Completion | undefined;

  constructor(command: RawCommand, options: { isUtf8: boolean; maxDepth: number }) {
    this.#texts = command.texts;
    this.#literals = command.literals;
    this.#text = command.texts[0];
    this.isUtf8 = options.isUtf8;
    this.#maxDepth = options.maxDepth;
  }

  /** The answer to give if something was wrong. */
  get fault(): Completion | undefined {
    return this.#fault;
  }

  get hasFailed(): boolean {
    return this.#fault !== undefined;
  }

  fail(problem: string): void {
    this.#fault ??= bad(problem);
  }

  /** For input that is well-formed but cannot be served (`NO [BADCHARSET]`). */
  refuse(completion: Completion): void {
    this.#fault ??= completion;
  }

  /** Only trailing blanks are left; some clients send them. */
  get isAtEnd(): boolean {
    return this.#piece === this.#literals.length && this.#text.slice(this.#at).trim() === "";
  }

  end(): void {
    if (!this.isAtEnd) this.fail("Unexpected characters after the arguments");
  }

  /** The next character, or "" before a literal and at the end. */
  get next(): string {
    return this.hasFailed ? "" : this.#text.slice(this.#at, this.#at + 1);
  }

  get isAtLiteral(): boolean {
    return !this.hasFailed && this.#at === this.#text.length && this.#piece < this.#literals.length;
  }

  /** Consumes `expected`, letters in any case, if it is next. */
  take(expected: string): boolean {
    if (this.hasFailed) return false;
    const found = this.#text.slice(this.#at, this.#at + expected.length);
    if (found.toUpperCase() !== expected.toUpperCase()) return false;
    this.#at += expected.length;
    return true;
  }

  /** The dot of `1.2`, but not that of `1.MIME`. */
  takeDotBeforeDigit(): boolean {
    return this.#match(/\.(?=\d)/y) !== undefined;
  }

  expect(expected: string): void {
    if (!this.take(expected)) this.fail(`Expected ${expected === " " ? "a space" : expected}`);
  }

  space(): void {
    this.expect(" ");
  }

  /** Letters, digits and `-._`, upper case: keywords of the grammar; "" if none. */
  keyword(): string {
    return (this.#match(/[A-Za-z][A-Za-z0-9.\-_]*/y) ?? "").toUpperCase();
  }

  atom(): string {
    const atom = this.#match(ATOM);
    if (atom === undefined) this.fail("Expected an atom");
    return atom ?? "";
  }

  number(): number {
    const value = Number(this.#match(NUMBER) ?? Number.NaN);
    if (!(value <= 4294967295)) this.fail("Expected a number of at most 32 bits");
    return this.hasFailed ? 0 : value;
  }

  /** A number of 63 bits (RFC 7162). Over 2^53 it stays above every MODSEQ there can be. */
  number64(): number {
    const digits = this.#match(NUMBER);
    if (digits === undefined || BigInt(digits) > 0x7fffffffffffffffn) {
      this.fail("Expected a number of at most 63 bits");
      return 0;
    }
    return Number(digits);
  }

  sequenceSet(): SequenceSet {
    const set = parseSequenceSet(this.#match(SET) ?? "");
    if (set.ok) return set.value;
    this.fail(`Bad sequence set: ${set.problem}`);
    return [];
  }

  /** One character per octet. */
  astring(): string {
    if (this.next === '"' || this.isAtLiteral) return this.string();
    const atom = this.#match(ASTRING);
    if (atom === undefined) this.fail("Expected a string");
    return atom ?? "";
  }

  string(): string {
    if (this.isAtLiteral) return decodeLatin1(this.literal().octets);
    const quoted = this.#match(QUOTED);
    if (quoted === undefined) this.fail("Expected a quoted string or a literal");
    return quoted === undefined ? "" : quoted.slice(1, -1).replace(/\\(["\\])/g, "$1");
  }

  /** Undefined for NIL. */
  nstring(): string | undefined {
    if (this.next !== '"' && this.take("NIL")) return undefined;
    return this.string();
  }

  literal(): RawLiteral {
    if (!this.isAtLiteral) {
      this.fail("Expected a literal");
      return { octets: NO_OCTETS, isBinary: false };
    }
    const literal = this.#literals[this.#piece];
    this.#piece++;
    this.#text = this.#texts[this.#piece];
    this.#at = 0;
    return literal;
  }

  /** The text of a string; what is not UTF-8 is taken octet by octet. */
  utf8(octets: string): string {
    return /[\x80-\xff]/.test(octets) ? (decodeUtf8Strict(encodeLatin1(octets)) ?? octets) : octets;
  }

  mailbox(): string {
    return decodeMailboxName(this.astring(), this.isUtf8);
  }

  /** Like a mailbox, with `%` and `*` unquoted. */
  listMailbox(): string {
    const isString = this.next === '"' || this.isAtLiteral;
    const wire = isString ? this.string() : this.#match(LIST_MAILBOX);
    if (wire === undefined) this.fail("Expected a mailbox name or pattern");
    return decodeMailboxName(wire ?? "", this.isUtf8);
  }

  /** `(` items with single spaces between `)`. */
  list(readItem: () => void): void {
    this.expect("(");
    this.#nest(() => {
      if (this.take(")")) return;
      do readItem();
      while (this.take(" "));
      this.expect(")");
    });
  }

  /** Runs `read` one level deeper; too deep is a fault (memory and stack are bounded). */
  nested(read: () => void): void {
    this.#nest(read);
  }

  /** A base64 word, as SASL has it; "=" is an empty response (RFC 4959). */
  base64(): Uint8Array {
    const text = this.#match(/[A-Za-z0-9+/]*={0,2}/y) ?? "";
    const octets = text === "=" ? NO_OCTETS : decodeBase64(text);
    if (octets === undefined || text === "") this.fail("Expected base64");
    return octets ?? NO_OCTETS;
  }

  #nest(read: () => void): void {
    if (this.#depth >= this.#maxDepth) return this.fail("Parentheses nest too deep");
    this.#depth++;
    read();
    this.#depth--;
  }

  #match(pattern: RegExp): string | undefined {
    if (this.hasFailed) return undefined;
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[0];
  }
}
