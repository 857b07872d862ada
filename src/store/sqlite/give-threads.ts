/**
 * Gives a thread to messages that an older Posthorn filed without one (RFC 8474 §5.2): before anything
 * else is served, so that nobody has seen them without. A batch is a transaction of its own; what is
 * interrupted goes on at the next start.
 */

import type { MessageId } from "../octets.ts";
import type { Database } from "./database.ts";
import type { WriterEvent } from "./requests.ts";
import { threadOfStored } from "./thread-of.ts";

const BATCH = 2000;
const UNTHREADED = `SELECT mailbox_id AS mailboxId, uid, message_id AS messageId, account_id AS accountId
  FROM entry JOIN mailbox ON mailbox.id = mailbox_id
  WHERE thread_id = 0 AND (mailbox_id, uid) > (?, ?) ORDER BY mailbox_id, uid LIMIT ${BATCH}`;

type EntryRow = {
  readonly mailboxId: number;
  readonly uid: number;
  readonly messageId: MessageId;
  readonly accountId: number;
};

export function giveThreads(database: Database): WriterEvent[] {
  let given = 0;
  let after: Pick<EntryRow, "mailboxId" | "uid"> = { mailboxId: 0, uid: 0 };
  for (;;) {
    const rows = database.all<EntryRow>(UNTHREADED, after.mailboxId, after.uid);
    const last = rows.at(-1);
    if (last === undefined) break;
    database.transact(() => {
      for (const row of rows) giveThread(database, row);
      // Their files still say that there are none.
      for (const id of new Set(rows.map(({ mailboxId }) => mailboxId))) {
        database.run("DELETE FROM kept_columns WHERE mailbox_id = ?", id);
      }
    });
    given += rows.length;
    after = last;
  }
  if (given === 0) return [];
  return [{ level: "info", event: "store.threads-given", fields: { messages: given } }];
}

function giveThread(database: Database, { mailboxId, uid, messageId, accountId }: EntryRow): void {
  const thread = threadOfStored({ database }, accountId, messageId);
  database.run(
    "UPDATE entry SET thread_id = ? WHERE mailbox_id = ? AND uid = ? AND thread_id = 0",
    thread,
    mailboxId,
    uid,
  );
}
