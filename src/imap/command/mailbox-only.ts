/** Commands whose one argument is a mailbox name: DELETE, SUBSCRIBE, UNSUBSCRIBE. */

import type { ArgumentReader } from "../wire/argument-reader.ts";

export type MailboxOnlyVerb = "DELETE" | "SUBSCRIBE" | "UNSUBSCRIBE";

export type MailboxOnlyCommand<V extends MailboxOnlyVerb = MailboxOnlyVerb> =
  V extends MailboxOnlyVerb ? { readonly verb: V; readonly mailbox: string } : never;

export function readMailboxOnly<V extends MailboxOnlyVerb>(
  reader: ArgumentReader,
  verb: V,
): { readonly verb: V; readonly mailbox: string } {
  reader.space();
  return { verb, mailbox: reader.mailbox() };
}
