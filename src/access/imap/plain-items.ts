/**
 * FETCH items that are answered from the columns and from what was made ready at delivery. Writers
 * are put together once a command and then called for each message: no objects, no promises, no
 * strings a message.
 */

import { dayOf, formatDay } from "../../imap/date-time.ts";
import type { PlainItem } from "../../imap/command/fetch.ts";
import type { CommandContext } from "../../imap/handler.ts";
import type { ResponseWriter } from "../../imap/wire/response-writer.ts";
import type { DetailName, MessageDetails } from "../../store/mail.ts";
import type { LabelWriter } from "./label-writer.ts";
import { emailIdOf, gmailThreadOf, threadIdOf } from "./object-id.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";
import { makeFlagWriter } from "./updates.ts";
import { bodyOf } from "./body-form.ts";

/** Writes one item of the message at `position`. */
export type ItemWriter = (position: number, details: ItemDetails | undefined) => void;

/** With the members that `detailsOf` names. */
export type ItemDetails = Partial<MessageDetails>;

const DETAILS: Readonly<Partial<Record<PlainItem, DetailName>>> = {
  ENVELOPE: "envelope",
  BODYSTRUCTURE: "bodyStructure",
  BODY: "bodyStructure",
};

/** In the order in which they are answered. getmail reads Gmail's items only in Gmail's order. */
const ORDER: readonly PlainItem[] = [
  "X-GM-THRID",
  "X-GM-MSGID",
  "X-GM-LABELS",
  "UID",
  "FLAGS",
  "MODSEQ",
  "INTERNALDATE",
  "RFC822.SIZE",
  "EMAILID",
  "THREADID",
  "SAVEDATE",
  "ENVELOPE",
  "BODYSTRUCTURE",
  "BODY",
];

/** What the items need looked up; nothing where the columns tell all. */
export function detailsOf(items: ReadonlySet<PlainItem>): DetailName[] {
  return [...items].flatMap((item) => DETAILS[item] ?? []);
}

/** Writers of the items, each but the first beginning with a blank. */
export function makeItemWriters(
  view: SelectedMailbox,
  items: ReadonlySet<PlainItem>,
  context: CommandContext,
  labels: LabelWriter | undefined,
): ItemWriter[] {
  return ORDER.filter((item) => items.has(item)).map((item, index) =>
    makeItemWriter(view, item, { context, labels, blank: index === 0 ? "" : " " }),
  );
}

function makeItemWriter(
  view: SelectedMailbox,
  item: PlainItem,
  how: { context: CommandContext; labels: LabelWriter | undefined; blank: string },
): ItemWriter {
  const { context, labels, blank } = how;
  const { out } = context;
  const { open } = view;
  const name = `${blank}${item} `;
  switch (item) {
    case "UID":
      return (position) => out.text(name).number(open.uids[position]);
    case "FLAGS": {
      const flagWriter = makeFlagWriter(view, context);
      return (position) => flagWriter.write(out.text(name), position);
    }
    case "MODSEQ":
      return (position) => out.text(`${name}(`).number(open.modSeqs[position]).text(")");
    case "INTERNALDATE":
      return dateWriter(out, name, () => open.internalDatesMs);
    case "X-GM-MSGID":
      return (position) => out.text(name).number(open.messageIds[position]);
    case "X-GM-THRID":
      return (position) => out.text(name).number(gmailThreadOf(open, position));
    case "X-GM-LABELS":
      return (position) => labels?.write(out.text(name), position);
    case "SAVEDATE":
      return dateWriter(out, name, () => open.savedDatesMs);
    case "RFC822.SIZE":
      return (position) => out.text(name).number(open.sizesOctets[position]);
    case "EMAILID":
      return (position) => out.text(`${name}(${emailIdOf(open.messageIds[position])})`);
    case "THREADID":
      return (position) => {
        const id = threadIdOf(open.threadIds[position]);
        return out.text(id === undefined ? `${name}NIL` : `${name}(${id})`);
      };
    case "ENVELOPE":
      return (_, details) => details?.envelope && out.text(name).octets(details.envelope);
    case "BODYSTRUCTURE":
      return (_, details) => details?.bodyStructure && out.text(name).octets(details.bodyStructure);
    case "BODY":
      return (_, details) =>
        details?.bodyStructure && out.text(name).octets(bodyOf(details.bodyStructure));
  }
}

/** Neighbours often share their day, so its text is kept. */
function dateWriter(out: ResponseWriter, name: string, dates: () => Float64Array): ItemWriter {
  let lastDay = Number.NaN;
  let dayText = "";
  const two = (value: number): void => {
    out.octet(48 + Math.floor(value / 10)).octet(48 + (value % 10));
  };
  return (position) => {
    const epochMs = dates()[position];
    const day = dayOf(epochMs);
    if (day !== lastDay) {
      lastDay = day;
      dayText = formatDay(day);
    }
    const seconds = Math.floor(epochMs / 1000) - day * 86_400;
    out.text(name).text('"').text(dayText);
    two(Math.floor(seconds / 3600));
    out.octet(58);
    two(Math.floor(seconds / 60) % 60);
    out.octet(58);
    two(seconds % 60);
    out.text(' +0000"');
  };
}
