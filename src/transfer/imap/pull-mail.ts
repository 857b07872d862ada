/** Copies mail from another IMAP server into an account, as often as wanted: each run brings what is new. */

import { isMailError } from "../../base/errors.ts";
import { CommandRefused } from "../../imap/client/command-refused.ts";
import type { Store } from "../../store/contract.ts";
import type { ImportWish } from "../import-mail.ts";
import { targetName } from "../target-name.ts";
import { TransferReport } from "../transfer-report.ts";
import { CopyJournal } from "./copy-journal.ts";
import { MailboxPull } from "./pull-mailbox.ts";
import { remoteMailboxes, type RemoteMailbox } from "./remote-mailboxes.ts";
import type { RemoteServer } from "./remote-server.ts";

export type PullWish = ImportWish & {
  readonly dataFolder: string;
  /** Only these of the server's and what is below them; empty: all but views. */
  readonly mailboxes: readonly string[];
};

export async function pullMail(
  store: Store,
  server: RemoteServer,
  wish: PullWish,
): Promise<TransferReport> {
  const report = new TransferReport();
  const key = `pull ${server.name} ${wish.accountId}`;
  const journal = await CopyJournal.open(wish.dataFolder, key, wish.isDryRun);
  try {
    const { mailboxes } = await server.run(remoteMailboxes);
    const subscribed = await server.run((client) => client.subscriptions());
    for (const mailbox of mailboxes) {
      if (!isWanted(mailbox, wish.mailboxes, report)) continue;
      await pullMailbox(mailbox, { store, server, wish, report, journal, subscribed });
    }
  } catch (error) {
    if (!isMailError(error, "over-quota")) throw error;
    report.stopped = `The mailbox is full: ${error.message}. What came before that is in place; run it again when there is room.`;
  } finally {
    await journal.close();
    await server.close();
  }
  return report;
}

type Context = {
  readonly store: Store;
  readonly server: RemoteServer;
  readonly wish: PullWish;
  readonly report: TransferReport;
  readonly journal: CopyJournal;
  readonly subscribed: ReadonlySet<string>;
};

async function pullMailbox(mailbox: RemoteMailbox, context: Context): Promise<void> {
  const { store, server, wish, report } = context;
  const { mail } = store;
  const name = targetName(mailbox, wish, mail.mailboxes(wish.accountId));
  if (name === undefined) {
    report.problem(mailbox.name, "the mailbox can have no such name here; use --map");
    return;
  }
  const counts = report.mailbox(mailbox.name, name);
  const found = mail.mailbox(wish.accountId, name);
  const info =
    found ?? (wish.isDryRun ? undefined : await mail.createMailbox(wish.accountId, name));
  const pull = new MailboxPull(mailbox, info, counts, context);
  try {
    await server.run((client) => pull.run(client));
  } catch (error) {
    // One mailbox that the server will not open is no reason to leave the others.
    if (!(error instanceof CommandRefused)) throw error;
    report.problem(mailbox.name, error.message);
    return;
  }
  if (!wish.isDryRun && context.subscribed.has(mailbox.remoteName)) {
    await mail.subscribe(wish.accountId, name, true);
  }
}

function isWanted(
  { name, remoteName, isSelectable, isView }: RemoteMailbox,
  wanted: readonly string[],
  report: TransferReport,
): boolean {
  if (!isSelectable) return false;
  if (wanted.length > 0) {
    return wanted.some(
      (each) => name === each || remoteName === each || name.startsWith(`${each}/`),
    );
  }
  if (isView) {
    report.notes.push(
      `${name} was left out: it shows mail that lies in other mailboxes, too. To bring it: --mailbox "${name}"`,
    );
  }
  return !isView;
}
