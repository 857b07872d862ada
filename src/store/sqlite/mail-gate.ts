/**
 * Where names become grants and grants become mailboxes: the only place that asks whether an account
 * may do something with a mailbox. Rights are read from the rows each time a foreign mailbox is used;
 * an owner has all. Whatever may not be seen is answered as if it were not there (RFC 4314 §6).
 */

import { InvariantError, MailError } from "../../base/errors.ts";
import { type AclEntry, effectiveRights, identifiersOf, parseRights } from "../acl.ts";
import type { MailboxId, MailboxInfo } from "../mail.ts";
import { ALL_RIGHTS, type MailboxGrant, type Right } from "../mailbox-grant.ts";
import { formatSharedName, isSharedName, parseSharedName } from "../shared-name.ts";
import { CheckedGrant } from "./checked-grant.ts";
import type { Database } from "./database.ts";
import { infoOf, mailboxInfoByName, mailboxInfos, type InfoRow } from "./mailbox-rows.ts";
import { mailboxKey } from "./mailbox-name.ts";

const EVERY_RIGHT: ReadonlySet<Right> = new Set(ALL_RIGHTS);
const NO_RIGHT: ReadonlySet<Right> = new Set();

const ACL_FOR = `SELECT identifier, rights FROM acl
  WHERE mailbox_id = ? AND identifier IN (?, ?, ?, ?, ?, ?)`;

/** In one go: somebody may share thousands of mailboxes with everybody. */
const SHARED = `SELECT mailbox.id, mailbox.account_id AS accountId, mailbox.name,
    NULL AS specialUse, 0 AS isSubscribed, uid_validity AS uidValidity,
    account.address AS owner, identifier, rights
  FROM acl JOIN mailbox ON mailbox.id = mailbox_id JOIN account ON account.id = mailbox.account_id
  WHERE identifier IN (?, ?, ?, ?, ?, ?) AND mailbox.account_id <> ?`;

type SharedRow = InfoRow & AclRow & { readonly owner: string };

/** Where something is to be made: whose it will be, and its name there. */
export type Place = { readonly ownerId: number; readonly name: string };

export class MailGate {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** What `actorId` sees under `name`: undefined for what is not there and for what it has no right to. */
  info(actorId: number, name: string): MailboxInfo | undefined {
    const key = keyOf(name);
    if (key === undefined) return undefined;
    if (!isSharedName(key)) return mailboxInfoByName(this.#database, actorId, key);
    const shared = parseSharedName(key);
    const ownerId = shared && this.#accountId(shared.owner);
    if (shared === undefined || ownerId === undefined || ownerId === actorId) return undefined;
    const inner = keyOf(shared.name);
    const info =
      inner === undefined ? undefined : mailboxInfoByName(this.#database, ownerId, inner);
    return info && this.#seenBy(actorId, info);
  }

  /** Mailboxes of others that may be listed, by name. */
  shared(actorId: number): readonly MailboxInfo[] {
    const address = this.#address(actorId);
    if (address === undefined) return [];
    const byId = new Map<MailboxId, { row: SharedRow; entries: AclEntry[] }>();
    for (const row of this.#database.all<SharedRow>(SHARED, ...identifiersOf(address), actorId)) {
      const known = byId.get(row.id);
      if (known === undefined) byId.set(row.id, { row, entries: [entryOf(row)] });
      else known.entries.push(entryOf(row));
    }
    const subscribed = new Set(
      this.#database
        .all<{ name: string }>("SELECT name FROM subscription WHERE account_id = ?", actorId)
        .map(({ name }) => name),
    );
    const shared: MailboxInfo[] = [];
    for (const { row, entries } of byId.values()) {
      if (!effectiveRights(entries).has("l")) continue;
      const grant = CheckedGrant.ofActor(row.id, row.accountId, actorId);
      const name = formatSharedName(row.owner, row.name);
      const isSubscribed = subscribed.has(name);
      shared.push({ ...infoOf(row), name, grant, isSubscribed, specialUse: undefined });
    }
    return shared.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  owned(actorId: number): readonly MailboxInfo[] {
    return mailboxInfos(this.#database, actorId);
  }

  /** What the holder may do just now. */
  rights(grant: MailboxGrant): ReadonlySet<Right> {
    const { mailboxId, ownerId, actorId } = CheckedGrant.of(grant);
    return ownerId === actorId ? EVERY_RIGHT : this.#rightsOf(actorId, mailboxId);
  }

  /** The mailbox, if the holder has all of `rights` just now. */
  use(grant: MailboxGrant, ...rights: readonly Right[]): MailboxId {
    const { mailboxId } = CheckedGrant.of(grant);
    const held = this.rights(grant);
    if (!rights.every((right) => held.has(right))) throw refusal(held);
    return mailboxId;
  }

  /** Like `use`, for readers: undefined when the mailbox cannot be seen. */
  useToRead(grant: MailboxGrant): MailboxId | undefined {
    const { mailboxId } = CheckedGrant.of(grant);
    const held = this.rights(grant);
    if (held.has("r")) return mailboxId;
    if (held.has("l")) throw refusal(held);
    return undefined;
  }

  /** Where a new mailbox of that name goes: in another's place the nearest level above must permit it. */
  placeFor(actorId: number, name: string): Place {
    const key = mailboxKey(name);
    if (!isSharedName(key)) return { ownerId: actorId, name: key };
    const shared = parseSharedName(key);
    for (let above = key; above.includes("/");) {
      above = above.slice(0, above.lastIndexOf("/"));
      const parent = this.info(actorId, above);
      if (parent === undefined || shared === undefined) continue;
      this.use(parent.grant, "k");
      return { ownerId: parent.accountId, name: mailboxKey(shared.name) };
    }
    throw notThere();
  }

  /** The mailbox of that name, if it is there and `right` is held. */
  require(actorId: number, name: string, right: Right): Place & { readonly info: MailboxInfo } {
    const info = this.info(actorId, name);
    if (info === undefined) throw notThere();
    this.use(info.grant, right);
    const ownName = this.#database.get<{ name: string }>(
      "SELECT name FROM mailbox WHERE id = ?",
      info.id,
    );
    if (ownName === undefined) throw notThere();
    return { ownerId: info.accountId, name: ownName.name, info };
  }

  ownerAddress(grant: MailboxGrant): string {
    const address = this.#address(CheckedGrant.of(grant).ownerId);
    if (address === undefined) throw notThere();
    return address;
  }

  /** A mailbox as the holder of a grant sees it. */
  view(grant: MailboxGrant, info: MailboxInfo): MailboxInfo {
    if (grant.ownerId === grant.actorId) return info;
    return this.#foreign(grant, info);
  }

  #seenBy(actorId: number, info: MailboxInfo): MailboxInfo | undefined {
    if (this.#rightsOf(actorId, info.id).size === 0) return undefined;
    return this.#foreign(CheckedGrant.ofActor(info.id, info.accountId, actorId), info);
  }

  #foreign(grant: MailboxGrant, info: MailboxInfo): MailboxInfo {
    const owner = this.#address(info.accountId);
    if (owner === undefined) throw new InvariantError("a mailbox has an owner");
    const name = formatSharedName(owner, info.name);
    const isSubscribed =
      this.#database.get(
        "SELECT 1 FROM subscription WHERE account_id = ? AND name = ?",
        grant.actorId,
        name,
      ) !== undefined;
    // What is Bob's \Sent is not Alice's.
    return { ...info, name, grant, isSubscribed, specialUse: undefined };
  }

  #rightsOf(actorId: number, mailboxId: MailboxId): ReadonlySet<Right> {
    const address = this.#address(actorId);
    if (address === undefined) return NO_RIGHT;
    return effectiveRights(
      this.#database
        .all<AclRow>(ACL_FOR, mailboxId, ...identifiersOf(address))
        .map((row) => entryOf(row)),
    );
  }

  #address(accountId: number): string | undefined {
    return this.#database.get<{ address: string }>(
      "SELECT address FROM account WHERE id = ?",
      accountId,
    )?.address;
  }

  #accountId(address: string): number | undefined {
    return this.#database.get<{ id: number }>("SELECT id FROM account WHERE address = ?", address)
      ?.id;
  }
}

export type AclRow = { readonly identifier: string; readonly rights: string };

export function entryOf({ identifier, rights }: AclRow): AclEntry {
  return { identifier, rights: parseRights(rights) ?? NO_RIGHT };
}

export function notThere(): MailError {
  return new MailError("not-found", "No such mailbox");
}

export function refusal(held: ReadonlySet<Right>): MailError {
  return held.has("l") ? new MailError("forbidden", "You have no right to do that") : notThere();
}

function keyOf(name: string): string | undefined {
  try {
    return mailboxKey(name);
  } catch {
    return undefined;
  }
}
