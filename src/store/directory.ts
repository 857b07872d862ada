/**
 * Who lives here: domains, accounts, aliases, lists. Reads are answered at once (they stand in the
 * path of every RCPT); changes are durable promises that reject with `already-exists`, `not-found`
 * or `refused` and a sentence for a person.
 */

export type DomainName = string;

export type Domain = {
  readonly id: number;
  /** Lower case, A-labels. */
  readonly name: DomainName;
  /** Recipient for local parts that nothing else takes, if any. */
  readonly catchAll: string | undefined;
  /** What its accounts may hold together. Undefined: no limit. */
  readonly quotaOctets: number | undefined;
  readonly quotaMessages: number | undefined;
  /** A domain alias: each of its local parts stands for the same one of that domain. */
  readonly follows?: DomainName | undefined;
  readonly createdAtMs: number;
};

export type Account = {
  readonly id: number;
  /** `local@domain`, both lower case: the login name and the primary address. */
  readonly address: string;
  readonly displayName: string;
  /** Undefined: no limit. */
  readonly quotaOctets: number | undefined;
  readonly quotaMessages: number | undefined;
  readonly isEnabled: boolean;
  /** May send to other hosts. Without, its mail reaches our own addresses only. */
  readonly mayRelay: boolean;
  readonly createdAtMs: number;
};

/** An address that stands for one or more others (RFC 5321 §3.9.1). */
export type Alias = {
  readonly id: number;
  /** `local@domain`, lower case; `@domain` is not an alias but the domain's catch-all. */
  readonly address: string;
  /** Addresses, in order, local or remote. */
  readonly targets: readonly string[];
};

/** An address whose mail goes out again under the list's own reverse-path (RFC 5321 §3.9.2). */
export type List = {
  readonly id: number;
  readonly address: string;
  readonly displayName: string;
  /** Receives bounces: the reverse-path of every copy is `local-bounces@domain`, which leads here. */
  readonly owner: string;
  readonly members: readonly string[];
  /** Who may post: anyone, members, or the owner alone. */
  readonly posting: "anyone" | "members" | "owner";
};

export type Usage = { readonly octets: number; readonly messages: number };

/** What is absent stays; null takes a catch-all or a limit away. */
export type DomainChange = {
  readonly catchAll?: string | null;
  readonly quotaOctets?: number | null;
  readonly quotaMessages?: number | null;
};

export interface Directory {
  domain(name: DomainName): Domain | undefined;
  domains(): readonly Domain[];
  account(address: string): Account | undefined;
  accountById(id: number): Account | undefined;
  accounts(domain?: DomainName): readonly Account[];
  alias(address: string): Alias | undefined;
  aliases(domain?: DomainName): readonly Alias[];
  list(address: string): List | undefined;
  lists(domain?: DomainName): readonly List[];
  /** Octets and messages an account holds. */
  usage(accountId: number): Usage;
  /** What the accounts of a domain hold together. */
  domainUsage(name: DomainName): Usage;
  /** What still fits, by the quota of the account and by that of its domain; Infinity without a limit. */
  room(accountId: number): Usage;

  addDomain(domain: {
    name: DomainName;
    catchAll?: string;
    quotaOctets?: number;
    quotaMessages?: number;
  }): Promise<Domain>;
  changeDomain(name: DomainName, change: DomainChange): Promise<Domain>;
  /**
   * Takes mail for `name` as if it were for `follows`. Rejects with `already-exists`, with
   * `not-found` when `follows` is no domain of ours, with `refused` when that follows another.
   * Nothing can be added to such a domain.
   */
  addDomainAlias(alias: { name: DomainName; follows: DomainName }): Promise<Domain>;
  /** Rejects with `refused` while accounts, aliases or lists are in it, or another domain follows it. */
  removeDomain(name: DomainName): Promise<void>;

  /** Makes the account with its INBOX and special-use mailboxes. */
  addAccount(account: {
    address: string;
    password: string;
    displayName?: string;
    quotaOctets?: number;
    quotaMessages?: number;
  }): Promise<Account>;
  changeAccount(
    address: string,
    change: {
      password?: string;
      displayName?: string;
      quotaOctets?: number | null;
      quotaMessages?: number | null;
      isEnabled?: boolean;
      mayRelay?: boolean;
    },
  ): Promise<Account>;
  /** Removes the account and all its mail. */
  removeAccount(address: string): Promise<void>;

  addAlias(alias: { address: string; targets: readonly string[] }): Promise<Alias>;
  changeAlias(address: string, targets: readonly string[]): Promise<Alias>;
  removeAlias(address: string): Promise<void>;

  addList(list: Omit<List, "id">): Promise<List>;
  changeList(address: string, change: Partial<Omit<List, "id" | "address">>): Promise<List>;
  removeList(address: string): Promise<void>;
}
