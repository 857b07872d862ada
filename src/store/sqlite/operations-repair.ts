/**
 * `posthorn doctor store --repair`: what the rows say is made to agree with what is there. Messages
 * whose octets are lost leave their mailboxes as if expunged, so that mail programs follow; queued
 * ones are held, for only a person can say what their sender shall hear (Invariant 5).
 */

import { MailError } from "../../base/errors.ts";
import { UNHELD } from "./bury-messages.ts";
import type { CommitContext } from "./commit-context.ts";
import { expunge } from "./operations-expunge.ts";
import { runsOf } from "./number-runs.ts";
import { isAlive } from "./process-identity.ts";
import type { AnswerOf, RequestOf } from "./requests.ts";

type Place = { readonly mailboxId: number; readonly uid: number };

const RECOUNT_SEGMENTS = `UPDATE segment SET live_octets =
  (SELECT coalesce(sum(coalesce(packed_octets, size_octets)), 0)
   FROM message WHERE segment_id = segment.id)`;

/** Counters that follow from rows. The order matters: later ones add up earlier ones. */
const RECOUNTS: readonly string[] = [
  "DELETE FROM recipient WHERE NOT EXISTS (SELECT 1 FROM envelope WHERE envelope.id = envelope_id)",
  "DELETE FROM acl WHERE NOT EXISTS (SELECT 1 FROM mailbox WHERE mailbox.id = mailbox_id)",
  "DELETE FROM annotation WHERE mailbox_id <> 0 AND NOT EXISTS (SELECT 1 FROM mailbox WHERE mailbox.id = mailbox_id)",
  `UPDATE envelope SET recipients = (SELECT count(*) FROM recipient WHERE envelope_id = envelope.id)
   WHERE recipients <> (SELECT count(*) FROM recipient WHERE envelope_id = envelope.id)`,
  "DELETE FROM envelope WHERE recipients = 0",
  `DELETE FROM message WHERE ${UNHELD}`,
  "DELETE FROM message_head WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.id = message_id)",
  "DELETE FROM released_message",
  "DELETE FROM redo WHERE NOT EXISTS (SELECT 1 FROM segment WHERE segment.id = segment_id)",
  RECOUNT_SEGMENTS,
  `UPDATE mailbox SET (messages, size_octets, unseen, deleted) = (SELECT count(*),
     coalesce(sum(size_octets), 0), coalesce(sum((flags & 1) = 0), 0), coalesce(sum((flags & 8) <> 0), 0)
     FROM entry WHERE mailbox_id = mailbox.id)`,
  `UPDATE mailbox SET uid_next = max(uid_next, 1 + (SELECT coalesce(max(uid), 0) FROM entry
     WHERE mailbox_id = mailbox.id)), highest_mod_seq = max(highest_mod_seq,
     (SELECT coalesce(max(mod_seq), 0) FROM entry WHERE mailbox_id = mailbox.id))`,
  `UPDATE account_state SET (used_octets, used_messages, mod_seq) = (SELECT
     coalesce(sum(size_octets), 0), coalesce(sum(messages), 0),
     max(mod_seq, coalesce(max(highest_mod_seq), 0)) FROM mailbox
     WHERE mailbox.account_id = account_state.account_id)`,
  `UPDATE domain_state SET (used_octets, used_messages) = (SELECT coalesce(sum(used_octets), 0),
     coalesce(sum(used_messages), 0) FROM account JOIN account_state ON account_id = account.id
     WHERE account.domain_id = domain_state.domain_id)`,
];

const HELD = 2;
const OCTETS_LOST = "its octets are damaged: see `posthorn doctor store`";

export function repair(context: CommitContext, request: RequestOf<"repair">): AnswerOf<"repair"> {
  refuseBesideOthers(context);
  const { database, ledger } = context;
  // First: by this counter segments are removed.
  database.run(RECOUNT_SEGMENTS);
  database.run("DELETE FROM entry WHERE mailbox_id NOT IN (SELECT id FROM mailbox)");
  const expunged = expungeLost(context, request.lost);
  const forgotten = database.all<AnswerOf<"repair">["forgotten"][number]>(
    `SELECT queue_id AS queueId, reverse_path AS sender, recipient FROM envelope
     JOIN recipient ON envelope_id = envelope.id
     WHERE message_id NOT IN (SELECT id FROM message)`,
  );
  database.run(
    `DELETE FROM recipient WHERE envelope_id IN (SELECT id FROM envelope
       WHERE message_id NOT IN (SELECT id FROM message))`,
  );
  database.run("DELETE FROM envelope WHERE message_id NOT IN (SELECT id FROM message)");
  let held = 0;
  for (const id of request.lost) {
    held += database.run(
      `UPDATE recipient SET state = ${HELD}, held_because = ?, leased_by = NULL
       WHERE envelope_id IN (SELECT id FROM envelope WHERE message_id = ?)`,
      OCTETS_LOST,
      id,
    );
  }
  // The sender still hears (Invariant 5), of a message that there is nothing left to quote of.
  const unquoted = database.all<{ queueId: string }>(
    `UPDATE owed_report SET message_id = 0 WHERE message_id <> 0
       AND message_id NOT IN (SELECT id FROM message) RETURNING queue_id AS queueId`,
  );
  ledger.flush();
  for (const { file, octets } of request.short) {
    database.run("UPDATE segment SET length_octets = ? WHERE file = ?", octets, file);
  }
  for (const sql of RECOUNTS) database.run(sql);
  // What it remembers is no longer what the rows say.
  ledger.reset();
  context.isQueueChanged = true;
  const quoteless = [...new Set(unquoted.map(({ queueId }) => queueId))];
  return { expunged, held, forgotten, quoteless };
}

function refuseBesideOthers({ database, writerId }: CommitContext): void {
  const others = database.all<{ pid: number; started: string }>(
    "SELECT pid, started FROM writer WHERE id <> ?",
    writerId,
  );
  const living = others.find(isAlive);
  if (living === undefined) return;
  throw new MailError(
    "refused",
    `another process (${living.pid}) has the store open: stop the server first, then repair`,
  );
}

/** Takes entries out whose message is lost, or has no row at all. */
function expungeLost(context: CommitContext, lost: readonly number[]): Place[] {
  const { database } = context;
  const places = database.all<Place>(
    `SELECT mailbox_id AS mailboxId, uid FROM entry
     WHERE message_id NOT IN (SELECT id FROM message) OR message_id IN (SELECT value FROM json_each(?))
     ORDER BY mailbox_id, uid`,
    JSON.stringify(lost),
  );
  for (const mailboxId of new Set(places.map((place) => place.mailboxId))) {
    const uids = places.filter((place) => place.mailboxId === mailboxId).map(({ uid }) => uid);
    expunge(context, { mailboxId, uids: runsOf(uids), onlyDeleted: false });
  }
  return places;
}
