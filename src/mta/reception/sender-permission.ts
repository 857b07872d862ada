/**
 * As whom an account may send (RFC 6409 §6.1): its own address, with any detail; an alias or
 * catch-all that leads to it (also when it leads to others too: they share it); a list it owns, or is
 * a member of where members may post. Never an address that only passes through a list to it.
 */

import { addressKey, parseAddress, type Address } from "../../message/addr-spec.ts";
import type { Account, Directory, List } from "../../store/directory.ts";
import type { AddressResolver } from "../resolution/address-resolver.ts";
import { withAsciiDomain } from "../resolution/ascii-domain.ts";

/** Addresses named in a refusal. */
const NAMED_ADDRESSES = 5;

export class SenderPermission {
  readonly #resolver: AddressResolver;
  readonly #directory: Pick<Directory, "list" | "aliases" | "lists">;

  constructor(resolver: AddressResolver, directory: Pick<Directory, "list" | "aliases" | "lists">) {
    this.#resolver = resolver;
    this.#directory = directory;
  }

  maySendAs(account: Account, sender: Address): boolean {
    if (!this.#resolver.isLocalDomain(sender.domain)) return false;
    const list = this.#directory.list(addressKey(withAsciiDomain(sender)));
    if (list !== undefined) return this.#maySendAsList(list, account);
    return this.#isIn(sender, account);
  }

  /** The first few addresses the account may use, its own first. */
  allowedSenders(account: Account): readonly string[] {
    const domain = account.address.slice(account.address.lastIndexOf("@") + 1);
    const aliases = this.#directory
      .aliases(domain)
      .filter((alias) => alias.targets.some((target) => target.toLowerCase() === account.address))
      .map((alias) => alias.address);
    const lists = this.#directory
      .lists(domain)
      .filter((list) => this.#maySendAsList(list, account))
      .map((list) => list.address);
    const all = [account.address, ...aliases, ...lists];
    const named = all.slice(0, NAMED_ADDRESSES);
    return all.length > named.length ? [...named, `${all.length - named.length} more`] : named;
  }

  #maySendAsList({ owner, members, posting }: List, account: Account): boolean {
    if (this.#leadsTo(owner, account)) return true;
    return (
      posting !== "owner" && members.some((member) => member.toLowerCase() === account.address)
    );
  }

  #leadsTo(text: string, account: Account): boolean {
    const address = parseAddress(text);
    return address.ok && this.#isIn(address.value, account);
  }

  #isIn(address: Address, account: Account): boolean {
    return this.#resolver
      .resolve(address)
      .branches.some(
        ({ listId, locals }) =>
          listId === undefined && locals.some((local) => local.account.id === account.id),
      );
  }
}
