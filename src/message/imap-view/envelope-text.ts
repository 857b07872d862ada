/**
 * Text for SEARCH out of a stored ENVELOPE: its fields without reading the message. Addresses come as
 * people write them, `Ann Lee <ann@example.net>`.
 */

import { decodeLatin1 } from "../../base/bytes.ts";

/** The members of ENVELOPE that are searched, by their place in it (RFC 9051 §7.5.2). */
const PLACES = { date: 0, subject: 1, from: 2, to: 5, cc: 6, bcc: 7 } as const;

export type EnvelopeField = keyof typeof PLACES;

export type EnvelopeAddress = {
  readonly displayName: string;
  readonly mailbox: string;
  readonly host: string;
};

type Value = string | undefined | readonly Value[];

export class EnvelopeText {
  readonly #text: string;
  #at = 0;
  #members: readonly Value[] | undefined;

  constructor(envelope: Uint8Array) {
    this.#text = decodeLatin1(envelope);
  }

  /** The field's text, encoded words as they are; "" where there is none. */
  field(name: EnvelopeField): string {
    const member = this.#member(name);
    if (member === undefined || typeof member === "string") return member ?? "";
    return member.map(addressText).join(", ");
  }

  /** Of the first address (a group's name counts as one): display name as it is, mailbox, host; all "" where there is none. */
  firstAddress(name: "from" | "to" | "cc"): EnvelopeAddress {
    const member = this.#member(name);
    const first = Array.isArray(member) ? (member[0] as Value) : undefined;
    if (!Array.isArray(first)) return { displayName: "", mailbox: "", host: "" };
    const [displayName = "", , mailbox = "", host = ""] = first as (string | undefined)[];
    return { displayName, mailbox, host };
  }

  #member(name: EnvelopeField): Value {
    if (this.#members === undefined) {
      const value = this.#value();
      this.#members = Array.isArray(value) ? value : [];
    }
    return this.#members[PLACES[name]];
  }

  /** Envelopes nest two deep and are our own, so recursion is bounded. */
  #value(): Value {
    const first = this.#text[this.#at];
    if (first === "(") return this.#list();
    if (first === '"') return this.#quoted();
    if (first === "{") return this.#literal();
    this.#at += 3; // NIL
    return undefined;
  }

  #list(): Value[] {
    const values: Value[] = [];
    this.#at++;
    while (this.#at < this.#text.length && this.#text[this.#at] !== ")") {
      if (this.#text[this.#at] === " ") this.#at++;
      else values.push(this.#value());
    }
    this.#at++;
    return values;
  }

  #quoted(): string {
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== '"') {
      end += this.#text[end] === "\\" ? 2 : 1;
    }
    const quoted = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return quoted.includes("\\") ? quoted.replace(/\\(.)/g, "$1") : quoted;
  }

  #literal(): string {
    const close = this.#text.indexOf("}", this.#at);
    const start = close + 3;
    const end = start + Number(this.#text.slice(this.#at + 1, close));
    this.#at = end;
    return this.#text.slice(start, end);
  }
}

/** (name route mailbox host); a group begins with its name as mailbox and no host. */
function addressText(address: Value): string {
  if (!Array.isArray(address)) return "";
  const [name, , mailbox, host] = address as readonly (string | undefined)[];
  if (mailbox === undefined) return "";
  if (host === undefined) return `${mailbox}:`;
  return name === undefined ? `${mailbox}@${host}` : `${name} <${mailbox}@${host}>`;
}
