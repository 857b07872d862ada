/**
 * Octets from an IMAP client into commands. Pull: `push` what has come, then ask `next` until it
 * has nothing. Literals are gathered within limits; the message literals of APPEND are not gathered
 * but handed on as they come, once someone has accepted them.
 *
 * Knows lines, literals and tags; no arguments, no session state.
 */

import { decodeLatin1, NO_OCTETS } from "../../base/bytes.ts";
import { bad, no, type Completion } from "../completion.ts";
import type { WireLimits } from "./limits.ts";
import { OctetQueue } from "./octet-queue.ts";
import type { LiteralAnnouncement, RawCommand, RawLiteral } from "./raw-command.ts";

export type DecoderEvent =
  | { readonly type: "command"; readonly command: RawCommand }
  /** The client waits before it sends a literal that is within limits: send `+`. */
  | { readonly type: "continue" }
  /** A message literal of APPEND is announced: call `acceptMessage` or `refuseMessage`. */
  | {
      readonly type: "message";
      readonly command: RawCommand;
      readonly literal: LiteralAnnouncement;
    }
  | { readonly type: "message-data"; readonly octets: Uint8Array }
  | { readonly type: "message-end" }
  /** Asked for by `expectLine`. */
  | { readonly type: "line"; readonly octets: Uint8Array }
  /** Not a command, or one that is not to be carried out; `tag` is `*` when it had none. */
  | { readonly type: "fault"; readonly tag: string; readonly completion: Completion }
  /** The peer cannot be followed any more: say so and close. */
  | { readonly type: "hopeless"; readonly problem: string };

/** A command of which some has come. */
type Partial = {
  readonly tag: string;
  readonly name: string;
  readonly texts: string[];
  readonly literals: RawLiteral[];
  octets: number;
  /** Set once the command is lost: the rest is read, then this is the answer. */
  refusal: Completion | undefined;
};

type Incoming = {
  readonly kind: "argument" | "message" | "drained";
  readonly isBinary: boolean;
  readonly into: Uint8Array;
  filled: number;
  left: number;
};

const LITERAL_MARK = /(~?)\{(\d{1,20})(\+?)\}$/;
const TAG = /^[!#$&',\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]{1,64}$/;

export class CommandDecoder {
  limits: WireLimits;
  /** The largest literal that may be sent without asking (LITERAL-, RFC 7888 §5). */
  readonly #maxUnaskedOctets: number;
  readonly #queue = new OctetQueue();
  #partial: Partial | undefined;
  #literal: Incoming | undefined;
  #announced: LiteralAnnouncement | undefined;
  #isLineExpected = false;
  /** The beginning of a line that is too long has been dropped. */
  #skipped: { tag: string; octets: number } | undefined;
  #queued: DecoderEvent | undefined;
  #isHopeless = false;

  constructor(limits: WireLimits, maxUnaskedOctets: number = Number.POSITIVE_INFINITY) {
    this.limits = limits;
    this.#maxUnaskedOctets = maxUnaskedOctets;
  }

  push(octets: Uint8Array): void {
    this.#queue.push(octets);
  }

  /** Octets that have come and are not part of an event yet. */
  get buffered(): number {
    return this.#queue.length;
  }

  /** Nothing of a next command has come. */
  get isBetweenCommands(): boolean {
    return this.#queue.length === 0 && this.#partial === undefined && this.#skipped === undefined;
  }

  /** The next line is an answer (AUTHENTICATE, DONE), not a command. */
  expectLine(): void {
    this.#isLineExpected = true;
  }

  /** Puts a line that was taken by `expectLine` back to be read as a command. */
  unreadLine(line: Uint8Array): void {
    const rest = this.#queue.take(Number.POSITIVE_INFINITY);
    const whole = new Uint8Array(line.length + 2 + rest.length);
    whole.set(line);
    whole.set([13, 10], line.length);
    whole.set(rest, line.length + 2);
    this.#queue.clear();
    this.#queue.push(whole);
  }

  /** Gives back what has come and is not read yet: it was in another coding. */
  takeBuffered(): Uint8Array {
    return this.#queue.take(Number.POSITIVE_INFINITY);
  }

  /** Forgets what came in the clear, before TLS. */
  forget(): void {
    this.#queue.clear();
  }

  /** Hands the announced message on as it comes. The caller has sent `+` if the literal asks for it. */
  acceptMessage(): void {
    const announced = this.#takeAnnounced();
    this.#literal = incoming("message", announced, NO_OCTETS);
  }

  /** Turns the announced message down: its command is answered with `completion`. */
  refuseMessage(completion: Completion): void {
    const event = this.#refuse(this.#takeAnnounced(), completion);
    if (event !== "again") this.#queued = event;
  }

  /** The rest of the command under way is read and dropped; then `completion` is its answer. */
  refuseRest(completion: Completion): void {
    if (this.#partial !== undefined) this.#partial.refusal ??= completion;
  }

  next(): DecoderEvent | undefined {
    const queued = this.#queued;
    this.#queued = undefined;
    if (queued !== undefined) return queued;
    if (this.#isHopeless || this.#announced !== undefined) return undefined;
    for (;;) {
      const event = this.#literal === undefined ? this.#nextLine() : this.#nextLiteral();
      if (event !== "again") return event;
    }
  }

  #nextLine(): DecoderEvent | "again" | undefined {
    if (this.#skipped !== undefined) return this.#skipLine(this.#skipped);
    const line = this.#queue.takeLine();
    if (line === undefined) {
      // The last octet may be the CR of the line's end.
      return this.#queue.length > this.limits.lineOctets + 1 ? this.#beginSkipping() : undefined;
    }
    if (line.length > this.limits.lineOctets) {
      return this.#isLineExpected
        ? this.#hopeless("the line is too long")
        : this.#endLongLine(this.#tagOf(line), line);
    }
    if (this.#isLineExpected) {
      this.#isLineExpected = false;
      return { type: "line", octets: line };
    }
    const partial = this.#partial ?? this.#begin(line);
    if ("type" in partial) return partial;
    return this.#takeText(partial, line);
  }

  #begin(line: Uint8Array): Partial | DecoderEvent {
    const text = decodeLatin1(line, 0, Math.min(line.length, 100));
    const tagEnd = text.indexOf(" ");
    const tag = tagEnd === -1 ? text : text.slice(0, tagEnd);
    // A browser or another protocol sent here by an attacker's page: nothing it says is for us.
    if (
      /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|CONNECT|PATCH) /i.test(text) &&
      /HTTP\/\d/.test(decodeLatin1(line))
    ) {
      return this.#hopeless("this is an IMAP server");
    }
    if (!TAG.test(tag)) return { type: "fault", tag: "*", completion: bad("Expected a tag") };
    const match = /^ ((?:UID +)?[A-Za-z][A-Za-z0-9-]{0,31})(?= |$)/i.exec(text.slice(tag.length));
    if (match === null) return this.#faultyLine(tag, line, bad("Expected a command after the tag"));
    const name = match[1].toUpperCase().replace(/ +/, " ");
    const partial: Partial = { tag, name, texts: [], literals: [], octets: 0, refusal: undefined };
    this.#partial = partial;
    return partial;
  }

  /** A line without a command may still announce a literal: its octets must not become commands. */
  #faultyLine(tag: string, line: Uint8Array, refusal: Completion): Partial | DecoderEvent {
    if (!LITERAL_MARK.test(tailOf(line))) return { type: "fault", tag, completion: refusal };
    this.#partial = { tag, name: "", texts: [], literals: [], octets: 0, refusal };
    return this.#partial;
  }

  #takeText(partial: Partial, line: Uint8Array): DecoderEvent | "again" {
    const isFirst = partial.texts.length === 0 && partial.octets === 0;
    partial.octets += line.length + 2;
    if (partial.octets > this.limits.commandOctets) {
      partial.refusal ??= no("The command is too big", "TOOBIG");
    }
    const mark = LITERAL_MARK.exec(tailOf(line));
    const end = line.length - (mark?.[0].length ?? 0);
    if (partial.refusal === undefined) {
      const text = decodeLatin1(line, 0, end);
      partial.texts.push(isFirst ? afterName(text) : text);
    }
    if (mark === null) return this.#complete(partial);
    return this.#announce(partial, {
      octets: Number(mark[2]),
      isBinary: mark[1] === "~",
      isSynchronizing: mark[3] === "",
    });
  }

  #complete(partial: Partial): DecoderEvent {
    this.#partial = undefined;
    return partial.refusal === undefined
      ? { type: "command", command: partial }
      : { type: "fault", tag: partial.tag, completion: partial.refusal };
  }

  #announce(partial: Partial, literal: LiteralAnnouncement): DecoderEvent | "again" {
    if (!literal.isSynchronizing && literal.octets > this.#maxUnaskedOctets) {
      partial.refusal ??= bad("Ask before you send a literal of that size", "TOOBIG");
    }
    if (partial.refusal !== undefined) return this.#refuse(literal, partial.refusal);
    if (isMessage(partial) && partial.literals.length < this.limits.literals) {
      this.#announced = literal;
      return { type: "message", command: partial, literal };
    }
    const problem = this.#problemOf(partial, literal);
    if (problem !== undefined) return this.#refuse(literal, problem);
    partial.octets += literal.octets;
    this.#literal = incoming("argument", literal, new Uint8Array(literal.octets));
    return literal.isSynchronizing ? { type: "continue" } : "again";
  }

  #problemOf(partial: Partial, literal: LiteralAnnouncement): Completion | undefined {
    if (partial.literals.length >= this.limits.literals) return no("Too many literals", "TOOBIG");
    if (literal.octets > this.limits.literalOctets) return no("The literal is too big", "TOOBIG");
    if (partial.octets + literal.octets > this.limits.commandOctets) {
      return no("The command is too big", "TOOBIG");
    }
    return undefined;
  }

  /** A waiting client hears no at once; one that did not ask is sending anyway (RFC 7888 §4). */
  #refuse(literal: LiteralAnnouncement, completion: Completion): DecoderEvent | "again" {
    const partial = this.#partial;
    if (partial === undefined) return "again";
    partial.refusal ??= completion;
    if (literal.isSynchronizing) {
      return this.#complete(partial);
    }
    if (literal.octets > this.limits.drainOctets) {
      return this.#hopeless("the literal is too big to be read to its end");
    }
    this.#literal = incoming("drained", literal, NO_OCTETS);
    return "again";
  }

  #nextLiteral(): DecoderEvent | "again" | undefined {
    const literal = this.#literal;
    if (literal === undefined) return "again";
    if (literal.left === 0) return this.#endLiteral(literal);
    const octets = this.#queue.take(literal.left);
    if (octets.length === 0) return undefined;
    literal.left -= octets.length;
    if (literal.kind === "message") return { type: "message-data", octets };
    if (literal.kind === "argument") {
      literal.into.set(octets, literal.filled);
      literal.filled += octets.length;
    }
    return "again";
  }

  #endLiteral(literal: Incoming): DecoderEvent | "again" {
    this.#literal = undefined;
    const partial = this.#partial;
    if (literal.kind === "drained" || partial === undefined) return "again";
    partial.literals.push({ octets: literal.into, isBinary: literal.isBinary });
    return literal.kind === "message" ? { type: "message-end" } : "again";
  }

  #takeAnnounced(): LiteralAnnouncement {
    const announced = this.#announced ?? { octets: 0, isBinary: false, isSynchronizing: false };
    this.#announced = undefined;
    return announced;
  }

  #tagOf(line: Uint8Array): string {
    const head = decodeLatin1(line, 0, Math.min(line.length, 65)).split(" ")[0];
    return this.#partial?.tag ?? (TAG.test(head) ? head : "*");
  }

  #beginSkipping(): DecoderEvent | "again" {
    if (this.#isLineExpected) return this.#hopeless("the line is too long");
    this.#skipped = { tag: this.#tagOf(this.#queue.peek(65)), octets: 0 };
    this.#partial = undefined;
    return "again";
  }

  /** Drops the rest of a line that is too long, in bounded memory. */
  #skipLine(skipped: { tag: string; octets: number }): DecoderEvent | "again" | undefined {
    const before = this.#queue.length;
    const line = this.#queue.takeLine();
    if (line !== undefined) {
      this.#skipped = undefined;
      return this.#endLongLine(skipped.tag, line);
    }
    // The last octets stay: a literal's mark or half of the line's end may be among them.
    const dropped = Math.max(0, before - 32);
    this.#queue.take(dropped);
    skipped.octets += dropped;
    return skipped.octets > this.limits.drainOctets
      ? this.#hopeless("the line does not end")
      : undefined;
  }

  /** A long line may announce a literal all the same: its octets must not become commands. */
  #endLongLine(tag: string, line: Uint8Array): DecoderEvent | "again" {
    const refusal = bad("The line is too long", "TOOBIG");
    this.#partial = { tag, name: "", texts: [], literals: [], octets: 0, refusal };
    return this.#takeText(this.#partial, line);
  }

  #hopeless(problem: string): DecoderEvent {
    this.#isHopeless = true;
    this.#queue.clear();
    return { type: "hopeless", problem };
  }
}

function incoming(
  kind: Incoming["kind"],
  literal: LiteralAnnouncement,
  into: Uint8Array,
): Incoming {
  return { kind, isBinary: literal.isBinary, into, filled: 0, left: literal.octets };
}

function tailOf(line: Uint8Array): string {
  return decodeLatin1(line, Math.max(0, line.length - 25), line.length);
}

function afterName(text: string): string {
  return text.replace(/^[^ ]+ (?:UID +)?[^ ]+/i, "");
}

/** Commands that bring messages, and what stands in them before the mailbox. */
const BEFORE_MAILBOX: ReadonlyMap<string, RegExp> = new Map([
  ["APPEND", /^ *$/],
  ["REPLACE", /^ *[^ ]* *$/],
  ["UID REPLACE", /^ *[^ ]* *$/],
]);

/** The first literal may be the mailbox name, and one after URL is a URL; every other is message text. */
function isMessage(partial: Partial): boolean {
  const beforeMailbox = BEFORE_MAILBOX.get(partial.name);
  if (beforeMailbox === undefined) return false;
  if (partial.literals.length === 0 && beforeMailbox.test(partial.texts[0])) return false;
  const isUrl = / URL $|\(URL $/i.test(partial.texts[partial.texts.length - 1]);
  return !isUrl || !partial.texts.some((text) => /CATENATE \(/i.test(text));
}
