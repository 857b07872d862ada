/** STATUS mailbox (items) (RFC 9051 §6.3.11; SIZE, DELETED, DELETED-STORAGE, HIGHESTMODSEQ, MAILBOXID, APPENDLIMIT). */

import type { ArgumentReader } from "../wire/argument-reader.ts";

export const STATUS_ITEMS = [
  "MESSAGES",
  "RECENT",
  "UIDNEXT",
  "UIDVALIDITY",
  "UNSEEN",
  "DELETED",
  "DELETED-STORAGE",
  "SIZE",
  "HIGHESTMODSEQ",
  "MAILBOXID",
  "APPENDLIMIT",
] as const;

export type StatusItem = (typeof STATUS_ITEMS)[number];

export type StatusCommand = {
  readonly verb: "STATUS";
  readonly mailbox: string;
  readonly items: readonly StatusItem[];
};

export function readStatus(reader: ArgumentReader): StatusCommand {
  reader.space();
  const mailbox = reader.mailbox();
  reader.space();
  const items = readStatusItems(reader);
  if (items.length === 0) reader.fail("Expected status items");
  return { verb: "STATUS", mailbox, items };
}

export function readStatusItems(reader: ArgumentReader): StatusItem[] {
  const items = new Set<StatusItem>();
  reader.list(() => {
    const word = reader.keyword();
    const item = STATUS_ITEMS.find((known) => known === word);
    if (item === undefined) reader.fail("Unknown status item");
    else items.add(item);
  });
  return [...items];
}
