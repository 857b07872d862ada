/**
 * Mailboxes and groups as header fields have them (RFC 5322 §3.4): display names as atoms, quoted
 * or as encoded words, whichever they need. What comes out has no line end and no control.
 */

import { formatAddress, type Address } from "./addr-spec.ts";
import { encodeWords, isPlainText } from "./encoded-word.ts";

export type NamedAddress = {
  readonly displayName?: string | undefined;
  readonly address: Address;
};

export type AddressGroup = {
  readonly group: string;
  readonly members: readonly NamedAddress[];
};

export type AddressEntry = NamedAddress | AddressGroup;

const ATOMS = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?: [A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/;

export function formatMailbox(mailbox: NamedAddress): string {
  const address = formatAddress(mailbox.address);
  const name = cleanText(mailbox.displayName ?? "");
  return name === "" ? address : `${formatPhrase(name)} <${address}>`;
}

export function formatEntry(entry: AddressEntry): string {
  if (!("group" in entry)) return formatMailbox(entry);
  const name = cleanText(entry.group);
  return `${name === "" ? '""' : formatPhrase(name)}: ${entry.members.map(formatMailbox).join(", ")};`;
}

export function formatAddressList(entries: readonly AddressEntry[]): string {
  return entries.map(formatEntry).join(", ");
}

/** RFC 5322 §3.2.5 */
export function formatPhrase(text: string): string {
  if (ATOMS.test(text) && isPlainText(text)) return text;
  if (isPlainText(text)) return `"${text.replace(/["\\]/g, "\\$&")}"`;
  return encodeWords(text, { phrase: true });
}

/** Text of one line: line ends and other controls become spaces, so that no field can begin within it. */
export function cleanText(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
}
