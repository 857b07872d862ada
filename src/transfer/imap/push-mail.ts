/** Copies an account's mail to another IMAP server, as often as wanted: each run brings what is new. */

import type { Store } from "../../store/contract.ts";
import type { MailboxInfo } from "../../store/mail.ts";
import { CommandRefused } from "../../imap/client/command-refused.ts";
import { chosenMailboxes, type ExportWish } from "../export-mail.ts";
import { TransferReport } from "../transfer-report.ts";
import { CopyJournal } from "./copy-journal.ts";
import { MailboxPush } from "./push-mailbox.ts";
import { remoteMailboxes, type RemoteMailboxes } from "./remote-mailboxes.ts";
import type { RemoteServer } from "./remote-server.ts";

export type PushWish = ExportWish & {
  readonly dataFolder: string;
  readonly map: ReadonlyMap<string, string>;
};

export async function pushMail(
  store: Store,
  server: RemoteServer,
  wish: PushWish,
): Promise<TransferReport> {
  const report = new TransferReport();
  const infos = chosenMailboxes(store, wish);
  const key = `push ${server.name} ${wish.accountId}`;
  const journal = await CopyJournal.open(wish.dataFolder, key, wish.isDryRun);
  try {
    const remote = await server.run(remoteMailboxes);
    const known = new Set(remote.mailboxes.map(({ remoteName }) => remoteName));
    for (const info of infos) {
      const target = remoteNameFor(info, remote, wish.map);
      const counts = report.mailbox(info.name, target);
      const isThere = known.has(target);
      if (!isThere && !wish.isDryRun) {
        const problem = await server.run((client) => create(client, target));
        if (problem !== undefined) {
          report.problem(info.name, problem);
          continue;
        }
        known.add(target);
      }
      const push = new MailboxPush(info, isThere || !wish.isDryRun ? target : undefined, counts, {
        store,
        server,
        wish,
        report,
        journal,
      });
      await push.prepare();
      try {
        await server.run((client) => push.run(client));
        if (info.isSubscribed && !wish.isDryRun) {
          await server.run((client) => client.subscribe(target));
        }
      } catch (error) {
        // One mailbox that the server will not open is no reason to leave the others.
        if (!(error instanceof CommandRefused)) throw error;
        report.problem(info.name, error.message);
      }
    }
  } finally {
    await journal.close();
    await server.close();
  }
  return report;
}

/** Why the server does not make it, if it does not. */
async function create(
  client: { create(name: string): Promise<void> },
  name: string,
): Promise<string | undefined> {
  try {
    await client.create(name);
  } catch (error) {
    if (!(error instanceof CommandRefused) || error.status === "bye") throw error;
    // Made by the attempt whose answer was lost.
    if (error.responseCode?.name !== "ALREADYEXISTS") return error.message;
  }
  return undefined;
}

/** As the person says, or the server's mailbox of the same use, or by our name. */
function remoteNameFor(
  { name, specialUse }: MailboxInfo,
  { mailboxes, remoteNameOf }: RemoteMailboxes,
  map: ReadonlyMap<string, string>,
): string {
  for (let end = name.length; end > 0; end = name.lastIndexOf("/", end - 1)) {
    const to = map.get(name.slice(0, end));
    if (to !== undefined) return remoteNameOf(to + name.slice(end));
  }
  const same =
    specialUse && mailboxes.find((mailbox) => !mailbox.isView && mailbox.specialUse === specialUse);
  return same?.remoteName ?? remoteNameOf(name);
}
