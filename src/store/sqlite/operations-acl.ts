/** Changes of access control lists. Rights are checked before a request comes here. */

import { MailError } from "../../base/errors.ts";
import { formatRights, MAX_ACL_ENTRIES, parseRights } from "../acl.ts";
import type { Right } from "../mailbox-grant.ts";
import type { CommitContext } from "./commit-context.ts";
import { FEED_CHANGED } from "./feed-entry.ts";
import type { RequestOf } from "./requests.ts";

export function changeAcl(context: CommitContext, request: RequestOf<"changeAcl">): void {
  const { database, ledger } = context;
  const mailbox = ledger.mailbox(request.mailboxId);
  const row = database.get<{ rights: string }>(
    "SELECT rights FROM acl WHERE mailbox_id = ? AND identifier = ?",
    mailbox.id,
    request.identifier,
  );
  const rights = new Set<Right>(request.action === "set" ? [] : parseRights(row?.rights ?? ""));
  for (const right of parseRights(request.rights) ?? []) {
    if (request.action === "remove") rights.delete(right);
    else rights.add(right);
  }
  const text = formatRights(rights);
  if (text === (row?.rights ?? "")) return;
  if (text === "") {
    database.run(
      "DELETE FROM acl WHERE mailbox_id = ? AND identifier = ?",
      mailbox.id,
      request.identifier,
    );
  } else {
    const count = database.get<{ n: number }>(
      "SELECT count(*) AS n FROM acl WHERE mailbox_id = ?",
      mailbox.id,
    );
    if (row === undefined && (count?.n ?? 0) >= MAX_ACL_ENTRIES) {
      throw new MailError("refused", "the access list is full");
    }
    database.run(
      `INSERT INTO acl (mailbox_id, identifier, rights) VALUES (?1, ?2, ?3)
       ON CONFLICT (mailbox_id, identifier) DO UPDATE SET rights = ?3`,
      mailbox.id,
      request.identifier,
      text,
    );
  }
  ledger.enter(mailbox, FEED_CHANGED, []);
}

/** A new mailbox begins with the list of the level above it. */
export function inheritAcl(context: CommitContext, parentId: number, mailboxId: number): void {
  context.database.run(
    `INSERT INTO acl (mailbox_id, identifier, rights)
     SELECT ?, identifier, rights FROM acl WHERE mailbox_id = ?`,
    mailboxId,
    parentId,
  );
}

/** Whether the owner keeps mail from being posted straight into the mailbox: `-anyone` holds `p`. */
export function isClosedToPosts(context: CommitContext, mailboxId: number): boolean {
  const row = context.database.get<{ rights: string }>(
    "SELECT rights FROM acl WHERE mailbox_id = ? AND identifier = '-anyone'",
    mailboxId,
  );
  return row?.rights.includes("p") === true;
}
