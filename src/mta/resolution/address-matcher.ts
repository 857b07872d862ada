/**
 * What a local address is, before anything is expanded: an alias, a list, an account, a role, an
 * address with a route, or what the domain's catch-all takes. Where it leads is `AddressResolver`'s.
 */

import { addressKey, type Address } from "../../message/addr-spec.ts";
import type { Account, Directory } from "../../store/directory.ts";
import type { AliasSource, FoundAlias } from "../aliases/alias-source.ts";
import type { MtaConfig } from "../config.ts";
import { routeTable } from "../routing/choose-route.ts";
import type { RouteTable } from "../routing/route-rule.ts";
import type { ListAddress, ListHost } from "./list-host.ts";

export type ResolverConfig = Pick<
  MtaConfig,
  | "hostname"
  | "postmaster"
  | "roleLocalParts"
  | "recipientDelimiter"
  | "expansionDepth"
  | "expansionBreadth"
> &
  Partial<Pick<MtaConfig, "routes">>;

export type ResolverDirectory = Pick<
  Directory,
  "domain" | "domains" | "account" | "accountById" | "accounts"
>;

/** What a local address is, before anything is expanded. */
export type Match =
  | { readonly kind: "alias"; readonly alias: FoundAlias; readonly address: Address }
  | { readonly kind: "list"; readonly found: ListAddress }
  | { readonly kind: "account"; readonly account: Account; readonly detail: string | undefined }
  | { readonly kind: "role" }
  | { readonly kind: "route"; readonly because: string }
  | { readonly kind: "catch-all"; readonly target: string };

export class AddressMatcher {
  readonly #directory: ResolverDirectory;
  readonly #aliases: readonly AliasSource[];
  readonly #lists: Pick<ListHost, "find"> | undefined;
  readonly #config: ResolverConfig;
  readonly #routes: RouteTable;

  constructor(
    deps: {
      readonly directory: ResolverDirectory;
      /** Asked in order; the first that knows an address wins. */
      readonly aliases: readonly AliasSource[];
      readonly lists?: Pick<ListHost, "find">;
    },
    config: ResolverConfig,
  ) {
    this.#directory = deps.directory;
    this.#aliases = deps.aliases;
    this.#lists = deps.lists;
    this.#config = config;
    this.#routes = routeTable(config.routes ?? []);
  }

  isRole(localPart: string): boolean {
    return this.#config.roleLocalParts.includes(localPart.toLowerCase());
  }

  /** The most exact meaning first: the whole local part, then without its detail, then what the domain offers. */
  match(address: Address): Match | undefined {
    if (address.domain === "") {
      return address.localPart.toLowerCase() === "postmaster" ? { kind: "role" } : undefined;
    }
    const exact = this.#matchWhole(address, undefined);
    if (exact !== undefined) return exact;
    const { recipientDelimiter } = this.#config;
    const cut = recipientDelimiter === "" ? -1 : address.localPart.indexOf(recipientDelimiter);
    if (cut > 0) {
      const user = { localPart: address.localPart.slice(0, cut), domain: address.domain };
      const detail = address.localPart.slice(cut + recipientDelimiter.length);
      const found = this.#matchWhole(user, detail);
      if (found !== undefined) return found;
    }
    if (this.isRole(address.localPart)) return { kind: "role" };
    // A domain of which only some addresses are here: the others are where the route leads.
    if (this.#routes.forDomain(address.domain) !== undefined) {
      return { kind: "route", because: "the domain has a route, and no mailbox of this name" };
    }
    const target = this.#directory.domain(address.domain)?.catchAll;
    return target === undefined ? undefined : { kind: "catch-all", target };
  }

  #matchWhole(address: Address, detail: string | undefined): Match | undefined {
    const alias = this.findAlias(address);
    if (alias !== undefined) return { kind: "alias", alias, address };
    if (this.#routes.forRecipient(address) !== undefined) {
      return { kind: "route", because: "the address has a route" };
    }
    const key = addressKey(address);
    const list = this.#lists?.find(key);
    if (list?.role === "post") return { kind: "list", found: list };
    const account = this.#directory.account(key);
    if (account !== undefined) return { kind: "account", account, detail };
    // Somebody may be called `club-owner` in earnest; only then comes what a list implies.
    return list === undefined ? undefined : { kind: "list", found: list };
  }

  findAlias(address: Address): FoundAlias | undefined {
    for (const source of this.#aliases) {
      const found = source.find(address);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Whose mailbox stands in for a postmaster that nobody has named: the oldest. */
  firstAccount(): string | undefined {
    let first: Account | undefined;
    for (const account of this.#directory.accounts()) {
      if (account.isEnabled && (first === undefined || account.id < first.id)) first = account;
    }
    return first?.address;
  }
}
