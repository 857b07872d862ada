/** The header of a message as shown above its text: the fields a person looks for, or all of them. */

import { decodeWords } from "../../message/encoded-word.ts";
import { fieldText, type HeaderSection } from "../../message/header.ts";
import { mailboxesOf, parseAddressList, type Mailbox } from "../../message/address-list.ts";
import { showDomain } from "../text/show-domain.ts";
import { screenText } from "../text/screen-text.ts";

const USUAL = ["date", "from", "reply-to", "to", "cc", "bcc", "newsgroups", "subject"];
const ADDRESSES = new Set([
  "from",
  "sender",
  "reply-to",
  "to",
  "cc",
  "bcc",
  "resent-from",
  "resent-to",
]);
const MAX_SHOWN_ADDRESSES = 50;

export type ShownField = { readonly name: string; readonly value: string };

/** The usual fields in reading order, or with `all` every field as it stands. */
export function shownFields(
  octets: Uint8Array,
  header: HeaderSection,
  options: { readonly all?: boolean } = {},
): ShownField[] {
  const fields =
    options.all === true
      ? header.fields.filter((field) => field.name !== "")
      : USUAL.flatMap((key) => header.fields.filter((field) => field.key === key));
  return fields.map((field) => {
    const text = fieldText(octets, field);
    const value = ADDRESSES.has(field.key) ? showAddresses(text) : screenText(decodeWords(text));
    return { name: screenText(field.name), value };
  });
}

/** Addresses taken apart before anything in them is decoded: what a name hides can pass for no address. */
function showAddresses(text: string): string {
  const mailboxes = mailboxesOf(parseAddressList(text));
  const shown = mailboxes.slice(0, MAX_SHOWN_ADDRESSES).map(showMailbox);
  const more = mailboxes.length - shown.length;
  return shown.join(", ") + (more > 0 ? `, and ${more} more` : "");
}

export function showMailbox({ displayName, localPart, domain }: Mailbox): string {
  const local = screenText(localPart);
  const address = domain === "" ? local : `${local}@${showDomain(domain)}`;
  const name = screenText(displayName).trim();
  return name === "" ? address : `${name} <${address}>`;
}
