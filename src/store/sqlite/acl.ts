/** Access lists: reads from the rows, changes through the writer, both behind the gate. */

import { MailError } from "../../base/errors.ts";
import { type AclChange, type AclEntry, formatRights, normalizeIdentifier } from "../acl.ts";
import type { AclStore } from "../contract.ts";
import type { MailboxGrant, Right } from "../mailbox-grant.ts";
import type { Database } from "./database.ts";
import { type AclRow, entryOf, type MailGate } from "./mail-gate.ts";
import type { WriterClient } from "./writer-client.ts";

export class SqliteAcl implements AclStore {
  readonly #database: Database;
  readonly #gate: MailGate;
  readonly #writer: WriterClient;

  constructor(database: Database, gate: MailGate, writer: WriterClient) {
    this.#database = database;
    this.#gate = gate;
    this.#writer = writer;
  }

  rights(grant: MailboxGrant): ReadonlySet<Right> {
    return this.#gate.rights(grant);
  }

  ownerOf(grant: MailboxGrant): string {
    return this.#gate.ownerAddress(grant);
  }

  entries(grant: MailboxGrant): readonly AclEntry[] {
    return this.#database
      .all<AclRow>(
        "SELECT identifier, rights FROM acl WHERE mailbox_id = ? ORDER BY identifier",
        this.#gate.use(grant, "a"),
      )
      .map(entryOf);
  }

  async change(grant: MailboxGrant, change: AclChange): Promise<void> {
    const mailboxId = this.#gate.use(grant, "a");
    const owner = this.#gate.ownerAddress(grant);
    const spelled = normalizeIdentifier(change.identifier, owner);
    const identifier = spelled && this.#inOwnDomain(spelled);
    if (identifier === undefined) {
      throw new MailError("refused", "An identifier is an address, @domain or anyone");
    }
    if (identifier === owner || identifier === `-${owner}`) {
      throw new MailError("refused", "The owner has every right, always");
    }
    const rights = formatRights(change.rights);
    await this.#writer.submit("changeAcl", () => ({
      mailboxId,
      identifier,
      action: change.action,
      rights,
    }));
  }

  /** Accounts go by the name of the domain they are in, not by one that follows it. */
  #inOwnDomain(identifier: string): string {
    const at = identifier.lastIndexOf("@");
    if (at === -1) return identifier;
    const row = this.#database.get<{ follows: string | null }>(
      "SELECT follows FROM domain WHERE name = ?",
      identifier.slice(at + 1),
    );
    return row?.follows ? identifier.slice(0, at + 1) + row.follows : identifier;
  }
}
