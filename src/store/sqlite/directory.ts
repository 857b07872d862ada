/**
 * Who lives here, read from the database and remembered: a look-up stands in the path of every
 * RCPT. What is remembered is dropped as a whole when anything of the directory changes, here or in
 * another process.
 */

import { LRUCache } from "lru-cache";

import { MailError } from "../../base/errors.ts";
import type {
  Account,
  Alias,
  Directory,
  Domain,
  DomainChange,
  DomainName,
  List,
  Usage,
} from "../directory.ts";
import type { Database } from "./database.ts";
import { domainName, keyOf, ownAddress, targetOf, targetsOf } from "./directory-names.ts";
import {
  ACCOUNT,
  ALIAS,
  DOMAIN,
  LIST,
  accountOf,
  aliasOf,
  domainOf,
  listOf,
  type AccountRow,
  type AliasRow,
  type DomainRow,
  type ListRow,
} from "./directory-rows.ts";
import { makePasswordRecord } from "./password.ts";
import type { WriterClient } from "./writer-client.ts";

/** Remembered look-ups of each kind, hits and misses. */
const MAX_REMEMBERED = 20_000;

export class SqliteDirectory implements Directory {
  readonly #database: Database;
  readonly #writer: WriterClient;
  /** Called before each look-up: the chance to notice what other processes changed. */
  readonly #refresh: () => void;
  readonly #domains = new LRUCache<string, { found: Domain | undefined }>({ max: MAX_REMEMBERED });
  readonly #accounts = new LRUCache<string, { found: Account | undefined }>({
    max: MAX_REMEMBERED,
  });
  readonly #accountsById = new LRUCache<number, { found: Account | undefined }>({
    max: MAX_REMEMBERED,
  });
  readonly #aliases = new LRUCache<string, { found: Alias | undefined }>({ max: MAX_REMEMBERED });
  readonly #lists = new LRUCache<string, { found: List | undefined }>({ max: MAX_REMEMBERED });

  constructor(database: Database, writer: WriterClient, refresh: () => void) {
    this.#database = database;
    this.#writer = writer;
    this.#refresh = refresh;
  }

  /** Something of the directory has changed. */
  forget(): void {
    this.#domains.clear();
    this.#accounts.clear();
    this.#accountsById.clear();
    this.#aliases.clear();
    this.#lists.clear();
  }

  domain(name: DomainName): Domain | undefined {
    return this.#remembered(this.#domains, name.toLowerCase(), (key) => {
      const row = this.#database.get<DomainRow>(`SELECT ${DOMAIN} FROM domain WHERE name = ?`, key);
      return row && domainOf(row);
    });
  }

  domains(): readonly Domain[] {
    return this.#database
      .all<DomainRow>(`SELECT ${DOMAIN} FROM domain ORDER BY name`)
      .map(domainOf);
  }

  account(address: string): Account | undefined {
    return this.#remembered(this.#accounts, keyOf(address), (key) => {
      const row = this.#database.get<AccountRow>(
        `SELECT ${ACCOUNT} FROM account WHERE address = ?`,
        key,
      );
      return row && accountOf(row);
    });
  }

  accountById(id: number): Account | undefined {
    return this.#remembered(this.#accountsById, id, (key) => {
      const row = this.#database.get<AccountRow>(
        `SELECT ${ACCOUNT} FROM account WHERE id = ?`,
        key,
      );
      return row && accountOf(row);
    });
  }

  accounts(domain?: DomainName): readonly Account[] {
    const rows =
      domain === undefined
        ? this.#database.all<AccountRow>(`SELECT ${ACCOUNT} FROM account ORDER BY address`)
        : this.#database.all<AccountRow>(
            `SELECT ${ACCOUNT} FROM account JOIN domain ON domain.id = domain_id
             WHERE name = ? ORDER BY address`,
            domain.toLowerCase(),
          );
    return rows.map(accountOf);
  }

  alias(address: string): Alias | undefined {
    return this.#remembered(this.#aliases, keyOf(address), (key) => {
      const row = this.#database.get<AliasRow>(`SELECT ${ALIAS} FROM alias WHERE address = ?`, key);
      return row && aliasOf(row);
    });
  }

  aliases(domain?: DomainName): readonly Alias[] {
    const rows =
      domain === undefined
        ? this.#database.all<AliasRow>(`SELECT ${ALIAS} FROM alias ORDER BY address`)
        : this.#database.all<AliasRow>(
            `SELECT ${ALIAS} FROM alias JOIN domain ON domain.id = domain_id
             WHERE name = ? ORDER BY address`,
            domain.toLowerCase(),
          );
    return rows.map(aliasOf);
  }

  list(address: string): List | undefined {
    return this.#remembered(this.#lists, keyOf(address), (key) => {
      const row = this.#database.get<ListRow>(`SELECT ${LIST} FROM list WHERE address = ?`, key);
      return row && listOf(row);
    });
  }

  lists(domain?: DomainName): readonly List[] {
    const rows =
      domain === undefined
        ? this.#database.all<ListRow>(`SELECT ${LIST} FROM list ORDER BY address`)
        : this.#database.all<ListRow>(
            `SELECT ${LIST} FROM list JOIN domain ON domain.id = domain_id
             WHERE name = ? ORDER BY address`,
            domain.toLowerCase(),
          );
    return rows.map(listOf);
  }

  usage(accountId: number): Usage {
    const row = this.#database.get<Usage>(
      "SELECT used_octets AS octets, used_messages AS messages FROM account_state WHERE account_id = ?",
      accountId,
    );
    return { octets: row?.octets ?? 0, messages: row?.messages ?? 0 };
  }

  domainUsage(name: DomainName): Usage {
    const row = this.#database.get<Usage>(
      `SELECT used_octets AS octets, used_messages AS messages FROM domain_state
       JOIN domain ON domain.id = domain_id WHERE name = ?`,
      name.toLowerCase(),
    );
    return { octets: row?.octets ?? 0, messages: row?.messages ?? 0 };
  }

  room(accountId: number): Usage {
    const account = this.accountById(accountId);
    if (account === undefined) return { octets: 0, messages: 0 };
    const name = account.address.slice(account.address.lastIndexOf("@") + 1);
    const domain = this.domain(name);
    let { octets, messages } = { octets: Infinity, messages: Infinity };
    const limitBy = (quota: Account | Domain, usage: () => Usage): void => {
      if (quota.quotaOctets === undefined && quota.quotaMessages === undefined) return;
      const used = usage();
      octets = Math.min(octets, Math.max(0, (quota.quotaOctets ?? Infinity) - used.octets));
      messages = Math.min(messages, Math.max(0, (quota.quotaMessages ?? Infinity) - used.messages));
    };
    limitBy(account, () => this.usage(accountId));
    if (domain !== undefined) limitBy(domain, () => this.domainUsage(name));
    return { octets, messages };
  }

  async addDomain(domain: {
    name: DomainName;
    catchAll?: string;
    quotaOctets?: number;
    quotaMessages?: number;
  }): Promise<Domain> {
    const name = domainName(domain.name);
    const catchAll = domain.catchAll === undefined ? null : targetOf(domain.catchAll);
    const { quotaOctets = null, quotaMessages = null } = domain;
    await this.#writer.submit("addDomain", () => ({ name, catchAll, quotaOctets, quotaMessages }));
    return present(this.domain(name), name);
  }

  async changeDomain(domain: DomainName, change: DomainChange): Promise<Domain> {
    const name = domainName(domain);
    const { catchAll, ...rest } = change;
    const target = typeof catchAll === "string" ? targetOf(catchAll) : catchAll;
    await this.#writer.submit("changeDomain", () => ({
      name,
      ...rest,
      ...(target !== undefined && { catchAll: target }),
    }));
    return present(this.domain(name), name);
  }

  async addDomainAlias(alias: { name: DomainName; follows: DomainName }): Promise<Domain> {
    const name = domainName(alias.name);
    const follows = domainName(alias.follows);
    await this.#writer.submit("addDomainAlias", () => ({ name, follows }));
    return present(this.domain(name), name);
  }

  async removeDomain(domain: DomainName): Promise<void> {
    const name = domainName(domain);
    await this.#writer.submit("removeDomain", () => ({ name }));
  }

  async addAccount(account: {
    address: string;
    password: string;
    displayName?: string;
    quotaOctets?: number;
    quotaMessages?: number;
  }): Promise<Account> {
    const { address, domain } = ownAddress(account.address);
    const password = await makePasswordRecord(account.password);
    await this.#writer.submit("addAccount", () => ({
      address,
      domain,
      displayName: account.displayName ?? "",
      quotaOctets: account.quotaOctets ?? null,
      quotaMessages: account.quotaMessages ?? null,
      password,
    }));
    return present(this.account(address), address);
  }

  async changeAccount(
    name: string,
    change: {
      password?: string;
      displayName?: string;
      quotaOctets?: number | null;
      quotaMessages?: number | null;
      isEnabled?: boolean;
      mayRelay?: boolean;
    },
  ): Promise<Account> {
    const { address } = ownAddress(name);
    const { password, ...rest } = change;
    const record = password === undefined ? undefined : await makePasswordRecord(password);
    await this.#writer.submit("changeAccount", () => ({
      address,
      ...rest,
      ...(record && { password: record }),
    }));
    return present(this.account(address), address);
  }

  async removeAccount(name: string): Promise<void> {
    const { address } = ownAddress(name);
    await this.#writer.submit("removeAccount", () => ({ address }));
  }

  async addAlias(alias: { address: string; targets: readonly string[] }): Promise<Alias> {
    const { address, domain } = ownAddress(alias.address);
    const targets = targetsOf(alias.targets);
    await this.#writer.submit("addAlias", () => ({ address, domain, targets }));
    return present(this.alias(address), address);
  }

  async changeAlias(name: string, wanted: readonly string[]): Promise<Alias> {
    const { address } = ownAddress(name);
    const targets = targetsOf(wanted);
    await this.#writer.submit("changeAlias", () => ({ address, targets }));
    return present(this.alias(address), address);
  }

  async removeAlias(name: string): Promise<void> {
    const { address } = ownAddress(name);
    await this.#writer.submit("removeAlias", () => ({ address }));
  }

  async addList(list: Omit<List, "id">): Promise<List> {
    const { address, domain } = ownAddress(list.address);
    const members = list.members.map(targetOf);
    const owner = targetOf(list.owner);
    await this.#writer.submit("addList", () => ({
      address,
      domain,
      displayName: list.displayName,
      owner,
      members,
      posting: list.posting,
    }));
    return present(this.list(address), address);
  }

  async changeList(name: string, change: Partial<Omit<List, "id" | "address">>): Promise<List> {
    const { address } = ownAddress(name);
    const members = change.members?.map(targetOf);
    const owner = change.owner === undefined ? undefined : targetOf(change.owner);
    await this.#writer.submit("changeList", () => ({
      address,
      ...(change.displayName !== undefined && { displayName: change.displayName }),
      ...(change.posting !== undefined && { posting: change.posting }),
      ...(owner !== undefined && { owner }),
      ...(members !== undefined && { members }),
    }));
    return present(this.list(address), address);
  }

  async removeList(name: string): Promise<void> {
    const { address } = ownAddress(name);
    await this.#writer.submit("removeList", () => ({ address }));
  }

  #remembered<Key extends string | number, Thing>(
    cache: LRUCache<Key, { found: Thing | undefined }>,
    key: Key,
    look: (key: Key) => Thing | undefined,
  ): Thing | undefined {
    this.#refresh();
    let remembered = cache.get(key);
    if (remembered === undefined) {
      remembered = { found: look(key) };
      cache.set(key, remembered);
    }
    return remembered.found;
  }
}

function present<Thing>(thing: Thing | undefined, name: string): Thing {
  if (thing === undefined) throw new MailError("not-found", `${name} has gone meanwhile`);
  return thing;
}
