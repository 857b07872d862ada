/**
 * Puts responses together in large pieces: numbers and short words are written straight into the
 * octets that go out, long ones go by reference. Every string leaves through `string`, which falls
 * back to a literal whenever quoting would not be safe.
 *
 * Back-pressure: who writes much awaits `relieve` now and then; it sends what has gathered and
 * resolves when the peer has taken enough of it (Invariant 7).
 */

import { encodeLatin1, encodeUtf8, NO_OCTETS, writeLatin1 } from "../../base/bytes.ts";
import type { Completion } from "../completion.ts";
import { encodeMailboxName } from "../mailbox-name.ts";

const FIRST_CAPACITY = 2_048;
/** What begins is mostly short, as news are: it is written into octets that many writers share. */
const SHORT_CAPACITY = 256;
const SHARED_OCTETS = 16_384;
const MAX_CAPACITY = 131_072;
/** Octets that may gather before `relieve` sends them. */
const RELIEF_OCTETS = 98_304;
/** Arrays from this length on are not copied. */
const BY_REFERENCE_OCTETS = 4_096;
const MAX_QUOTED_OCTETS = 1_024;

/** `text`, one character an octet, as a quoted string, or as a literal where that is not safe. */
export function quoteOrLiteral(text: string): string {
  return text.length <= MAX_QUOTED_OCTETS && /^[\x20-\x7e]*$/.test(text)
    ? `"${text.replace(/["\\]/g, "\\$&")}"`
    : `{${text.length}}\r\n${text}`;
}

export class ResponseWriter {
  /** The client reads UTF-8 in quoted strings and mailbox names (RFC 9051, RFC 6855). */
  isUtf8 = false;
  readonly #send: (octets: Uint8Array) => Promise<void>;
  #current: Uint8Array = NO_OCTETS;
  #length = 0;
  #lastCapacity = FIRST_CAPACITY;
  #full: Uint8Array[] = [];
  #fullOctets = 0;

  constructor(send: (octets: Uint8Array) => Promise<void>) {
    this.#send = send;
  }

  /** Octets written and not sent yet. */
  get pendingOctets(): number {
    return this.#fullOctets + this.#length;
  }

  /** So much has gathered that `relieve` would send it. */
  get isHeavy(): boolean {
    return this.pendingOctets >= RELIEF_OCTETS;
  }

  /** Sends all, and keeps no memory for more: an idle session must be small. */
  async flush(): Promise<void> {
    await this.#sendAll();
    this.#current = NO_OCTETS;
    this.#lastCapacity = FIRST_CAPACITY;
  }

  async #sendAll(): Promise<void> {
    while (this.pendingOctets > 0) {
      this.#close();
      const parts = this.#full;
      this.#full = [];
      this.#fullOctets = 0;
      for (const part of parts) await this.#send(part);
    }
  }

  /** Sends if much has gathered. True if it did, so that the caller knows time has passed. */
  async relieve(): Promise<boolean> {
    if (!this.isHeavy) return false;
    await this.#sendAll();
    return true;
  }

  /** ASCII known to be safe: words of the grammar. */
  text(text: string): this {
    const length = text.length;
    this.#reserve(length);
    if (length > 24) {
      writeLatin1(this.#current, text, this.#length);
    } else {
      for (let i = 0; i < length; i++) this.#current[this.#length + i] = text.charCodeAt(i);
    }
    this.#length += length;
    return this;
  }

  octet(octet: number): this {
    this.#reserve(1);
    this.#current[this.#length++] = octet;
    return this;
  }

  octets(octets: Uint8Array): this {
    const length = octets.length;
    if (length >= BY_REFERENCE_OCTETS) {
      this.#close();
      this.#full.push(octets);
      this.#fullOctets += length;
      return this;
    }
    this.#reserve(length);
    this.#current.set(octets, this.#length);
    this.#length += length;
    return this;
  }

  /** `length` octets that `write` puts into `target` from `at` on, all of them. */
  fill(length: number, write: (target: Uint8Array, at: number) => void): this {
    this.#reserve(length);
    write(this.#current, this.#length);
    this.#length += length;
    return this;
  }

  /** A whole number, not negative. */
  number(value: number): this {
    if (value > 4294967295) return this.text(String(value));
    this.#reserve(10);
    let digits = 1;
    for (let bound = 10; digits < 10 && value >= bound; bound *= 10) digits++;
    let rest = value;
    for (let at = this.#length + digits - 1; at >= this.#length; at--) {
      const quotient = Math.floor(rest / 10);
      this.#current[at] = 48 + rest - quotient * 10;
      rest = quotient;
    }
    this.#length += digits;
    return this;
  }

  line(text: string): this {
    return this.text(text).text("\r\n");
  }

  /** A string from text: quoted where that is safe, else a literal of its UTF-8. */
  string(text: string): this {
    return /[^\x00-\x7f]/.test(text)
      ? this.literal(encodeUtf8(text))
      : this.text(quoteOrLiteral(text));
  }

  nstring(text: string | undefined): this {
    return text === undefined ? this.text("NIL") : this.string(text);
  }

  literal(octets: Uint8Array): this {
    return this.text("{").number(octets.length).text("}\r\n").octets(octets);
  }

  /** A literal that may hold NUL (RFC 3516). */
  literal8(octets: Uint8Array): this {
    return this.text("~").literal(octets);
  }

  mailbox(name: string): this {
    const encoded = encodeMailboxName(name, this.isUtf8);
    // RFC 9051 §9 permits quoted UTF-8 once it is enabled; controls never come this far unescaped.
    if (this.isUtf8 && /[^\x20-\x7e]/.test(encoded) && !/[\x00-\x1f\x7f]/.test(encoded)) {
      return this.octets(encodeUtf8(`"${encoded.replace(/["\\]/g, "\\$&")}"`));
    }
    return this.string(encoded);
  }

  completion(tag: string, completion: Completion): this {
    const code = completion.code === undefined ? "" : `[${completion.code}] `;
    return this.line(`${tag} ${completion.status} ${code}${oneLine(completion.text)}`);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#current.length) return;
    if (this.#length >= MAX_CAPACITY / 2 || this.#current.length === MAX_CAPACITY) this.#close();
    const needed = this.#length + more;
    if (this.#current.length === 0 && needed <= SHORT_CAPACITY) {
      this.#current = shortOctets();
      return;
    }
    const wanted = Math.max(this.#lastCapacity, 4 * this.#current.length);
    this.#lastCapacity = Math.min(MAX_CAPACITY, wanted);
    const grown = new Uint8Array(Math.max(needed, this.#lastCapacity));
    grown.set(this.#current.subarray(0, this.#length));
    this.#current = grown;
  }

  #close(): void {
    if (this.#length === 0) return;
    this.#full.push(this.#current.subarray(0, this.#length));
    this.#fullOctets += this.#length;
    // What follows may be as long; the rest of this array stays in use.
    this.#current = this.#current.subarray(this.#length);
    this.#length = 0;
  }
}

/** Response text is one line of ASCII (RFC 9051 §7.1). */
function oneLine(text: string): string {
  return text === "" ? "Done" : text.replace(/[^\x20-\x7e]/g, "?");
}

let shared: Uint8Array = NO_OCTETS;
let sharedUsed = 0;

/** Each piece is given away once. */
function shortOctets(): Uint8Array {
  if (sharedUsed + SHORT_CAPACITY > shared.length) {
    shared = new Uint8Array(SHARED_OCTETS);
    sharedUsed = 0;
  }
  sharedUsed += SHORT_CAPACITY;
  return shared.subarray(sharedUsed - SHORT_CAPACITY, sharedUsed);
}

export function ascii(text: string): Uint8Array {
  return encodeLatin1(text);
}
