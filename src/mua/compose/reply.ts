/**
 * Answers as letters: to whom, under which subject and where in the conversation is decided by
 * `message/reply.ts` on parsed addresses; here it becomes lines a person can change, with the text
 * as it was shown to them quoted below.
 */

import { formatAddress, type Address } from "../../message/addr-spec.ts";
import type { AddressEntry, NamedAddress } from "../../message/address-format.ts";
import { mailboxesOf, parseAddressList } from "../../message/address-list.ts";
import { formatDate, parseDate } from "../../message/date.ts";
import { textOf } from "../../message/header.ts";
import { reply } from "../../message/reply.ts";
import { screenText } from "../text/screen-text.ts";
import type { ReadableMessage } from "../view/readable.ts";
import { emptyLetter, type Letter } from "./letter.ts";

export type ReplyOptions = {
  readonly from: NamedAddress;
  /** Who wrote it, everybody who got it, or the list it came over. */
  readonly to: "sender" | "all" | "list";
  /** Further addresses of one's own. */
  readonly own: readonly Address[];
  readonly quote: boolean;
  /** Before each quoted line; default `> `. */
  readonly indent?: string;
};

export function makeReply(message: ReadableMessage, options: ReplyOptions): Letter {
  const { from, own, to } = options;
  const draft = reply(message.parsed, { from, own, to, dateMs: 0 });
  return {
    ...emptyLetter(writeAddresses([from])),
    to: writeAddresses(draft.to),
    cc: writeAddresses(draft.cc),
    subject: screenText(draft.subject ?? ""),
    inReplyTo: draft.inReplyTo,
    references: draft.references,
    text: options.quote ? quoteMessage(message, options.indent) : "",
  };
}

/** As a person writes them, not as the header has them: they are shown, and may be changed, before they are sent. */
export function writeAddresses(entries: readonly AddressEntry[] = []): string {
  return entries
    .map((entry) => ("group" in entry ? entry.members.map(writeOne).join(", ") : writeOne(entry)))
    .join(", ");
}

function writeOne({ displayName = "", address }: NamedAddress): string {
  const name = screenText(displayName).trim();
  const shown = /^[\p{L}\p{N} _'-]*$/u.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;
  return name === "" ? formatAddress(address) : `${shown} <${formatAddress(address)}>`;
}

/** `On DATE, NAME wrote:` and the text, each line indented; a signature is left out. */
export function quoteMessage(message: ReadableMessage, indent = "> "): string {
  const { octets, root } = message.parsed;
  const [writer] = mailboxesOf(parseAddressList(textOf(octets, root.header, "from") ?? ""));
  const name =
    writer === undefined ? "somebody" : screenText(writer.displayName || writer.localPart);
  const date = parseDate(textOf(octets, root.header, "date") ?? "");
  const when = date === undefined ? "" : `On ${formatDate(date.epochMs, date.zoneMinutes)}, `;
  const body = message.text.replace(/\n-- \n[^]*$/, "\n").trimEnd();
  const lines = body
    .split("\n")
    .map((line) => (line.startsWith(">") ? indent.trimEnd() : indent) + line);
  return `${when}${name} wrote:\n${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}
