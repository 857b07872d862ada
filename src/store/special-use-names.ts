/** Names that mail programs give to mailboxes with a special use (RFC 6154): "Sent Items" is \Sent. */

import type { SpecialUse } from "./mail.ts";

const NAMES: Readonly<Partial<Record<SpecialUse, readonly string[]>>> = {
  "\\Archive": ["Archive", "Archives"],
  "\\Drafts": ["Draft", "Drafts"],
  "\\Junk": ["Bulk Mail", "Junk", "Junk E-mail", "Junk Email", "Spam"],
  "\\Sent": ["Sent", "Sent Items", "Sent Mail", "Sent Messages"],
  "\\Trash": ["Bin", "Deleted Items", "Deleted Messages", "Trash"],
};

const USE_OF_NAME: ReadonlyMap<string, SpecialUse> = new Map(
  (Object.keys(NAMES) as SpecialUse[]).flatMap((use) =>
    (NAMES[use] ?? []).map((name): [string, SpecialUse] => [name.toLowerCase(), use]),
  ),
);

/** The use that a name stands for with some program. */
export function useOfName(name: string): SpecialUse | undefined {
  return USE_OF_NAME.get(name.toLowerCase());
}
