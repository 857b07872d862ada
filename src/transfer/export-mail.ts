/** Writes an account's mailboxes, or some of them, to a target of files. */

import { MailError } from "../base/errors.ts";
import type { Store } from "../store/contract.ts";
import type { MailboxInfo } from "../store/mail.ts";
import type { MailTarget } from "./mail-source.ts";
import { StoredMailbox } from "./stored-mailbox.ts";
import { TransferReport, type ProgressNews } from "./transfer-report.ts";

export type ExportWish = {
  readonly accountId: number;
  /** These and what is below them; empty: all. */
  readonly mailboxes: readonly string[];
  readonly isDryRun: boolean;
  readonly onProgress?: (news: ProgressNews) => void;
};

/** Those that were asked for, in order. Throws `not-found` for a name that is none. */
export function chosenMailboxes(store: Store, wish: Omit<ExportWish, "isDryRun">): MailboxInfo[] {
  const all = store.mail.mailboxes(wish.accountId);
  for (const name of wish.mailboxes) {
    if (!all.some((info) => isIn(info, name))) {
      throw new MailError("not-found", `there is no mailbox ${name}`);
    }
  }
  if (wish.mailboxes.length === 0) return [...all];
  return all.filter((info) => wish.mailboxes.some((name) => isIn(info, name)));
}

function isIn({ name }: MailboxInfo, wanted: string): boolean {
  return name === wanted || name.startsWith(`${wanted}/`);
}

export async function exportMail(
  store: Store,
  target: MailTarget | undefined,
  wish: ExportWish,
): Promise<TransferReport> {
  const report = new TransferReport();
  const infos = chosenMailboxes(store, wish);
  const totalOctets = infos.reduce(
    (sum, { grant }) => sum + (store.mail.status(grant)?.sizeOctets ?? 0),
    0,
  );
  let doneMessages = 0;
  let doneOctets = 0;
  for (const info of infos) {
    const stored = await StoredMailbox.open(store, info);
    const counts = report.mailbox(info.name, info.name);
    const mailbox = wish.isDryRun
      ? undefined
      : await target?.openMailbox(info.name, stored.keywords);
    try {
      for (const message of stored.messages) {
        await mailbox?.add({ ...message, content: () => stored.content(message.uid) });
        counts.added++;
        doneMessages++;
        doneOctets += message.sizeOctets;
        wish.onProgress?.({ mailbox: info.name, doneMessages, doneOctets, totalOctets });
      }
      await mailbox?.finish();
    } finally {
      await mailbox?.close();
    }
  }
  if (!wish.isDryRun) {
    const subscribed = new Set(store.mail.subscriptions(wish.accountId));
    await target?.finish(infos.map(({ name }) => name).filter((name) => subscribed.has(name)));
  }
  return report;
}
