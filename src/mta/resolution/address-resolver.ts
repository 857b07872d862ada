/**
 * From the address in RCPT to who gets a copy: accounts, aliases over any number of levels, lists,
 * catch-alls, roles (postmaster, abuse), other hosts. Asks the directory and changes nothing.
 *
 * Every walk ends: no address is expanded below itself (cycles are found by the path, not by a
 * counter), none twice in one branch, and depth and breadth are capped (security row 43).
 * Local parts have no syntax beyond the recipient delimiter: `%`, `!` and quoted `@` mean nothing
 * (security row 20).
 */

import type { Result } from "../../base/result.ts";
import { formatAddress, addressKey, type Address } from "../../message/addr-spec.ts";
import type { AliasSource, FoundAlias } from "../aliases/alias-source.ts";
import type { SenderRewriting } from "../forwarding/sender-rewriting.ts";
import type { AddressMaps, FoundTargets } from "../maps/address-maps.ts";
import { asciiDomain, withAsciiDomain } from "./ascii-domain.ts";
import { AddressMatcher, type ResolverConfig, type ResolverDirectory } from "./address-matcher.ts";
import type { ListAddress, ListHost, PostSender } from "./list-host.ts";
import { Expansion, type OpenBranch } from "./expansion.ts";
import type { Resolution } from "./resolution.ts";
import {
  badTarget,
  leadsBack,
  moved,
  nobodyYet,
  notForwarded,
  refusedTarget,
  tooDeep,
  unknownAddress,
} from "./resolution-problems.ts";
import { nameOf, readTarget } from "./target-names.ts";

/** The tables that recipients are looked up in. */
export type RecipientMaps = Pick<AddressMaps, "recipient" | "virtual" | "relocated">;

/** How far down a walk is, and what lies above it. */
type Position = { readonly branch: OpenBranch; readonly above: readonly string[] };

export class AddressResolver {
  readonly #directory: ResolverDirectory;
  readonly #matcher: AddressMatcher;
  readonly #lists: ListHost | undefined;
  readonly #maps: RecipientMaps | undefined;
  readonly #forwarded: Pick<SenderRewriting, "reverse"> | undefined;
  readonly #config: ResolverConfig;

  constructor(
    deps: {
      readonly directory: ResolverDirectory;
      /** Asked in order; the first that knows an address wins. */
      readonly aliases: readonly AliasSource[];
      readonly lists?: ListHost;
      readonly maps?: RecipientMaps;
      /** Knows the addresses that forwarded mail went out under. */
      readonly forwarded?: Pick<SenderRewriting, "reverse">;
    },
    config: ResolverConfig,
  ) {
    this.#directory = deps.directory;
    this.#matcher = new AddressMatcher(deps, config);
    this.#lists = deps.lists;
    this.#maps = deps.maps;
    this.#forwarded = deps.forwarded;
    this.#config = config;
  }

  isLocalDomain(domain: string): boolean {
    return this.#directory.domain(asciiDomain(domain)) !== undefined;
  }

  /** Of a domain of ours, or a role of this host: mail for it is taken from anybody. */
  isOurs(address: Address): boolean {
    const { localPart, domain } = withAsciiDomain(address);
    return (
      domain === "" ||
      this.#directory.domain(domain) !== undefined ||
      (domain === this.#config.hostname && this.#matcher.isRole(localPart))
    );
  }

  /**
   * `sender` decides who may post to lists; leave it out to see where an address leads whoever
   * asks. A domain of "" stands for `<Postmaster>` without one (RFC 5321 §4.5.1).
   */
  resolve(address: Address, sender?: PostSender): Resolution {
    const expansion = new Expansion(this.#config.expansionBreadth, sender);
    const asked = withAsciiDomain(address);
    const branch = expansion.branch("direct", nameOf(asked));
    const original = this.isLocalDomain(asked.domain) ? this.#forwarded?.reverse(asked) : undefined;
    if (original !== undefined) {
      this.#expandOriginal(expansion, asked, original, branch);
      return expansion.result();
    }
    const canonical = asked.domain === "" ? undefined : this.#maps?.recipient(asked);
    if (canonical === undefined) {
      this.#expand(expansion, asked, { branch, above: [] });
    } else {
      const leadsTo = formatAddress(canonical.address);
      expansion.step(0, nameOf(asked), "canonical", canonical.source, [leadsTo]);
      this.#expand(expansion, canonical.address, { branch, above: [nameOf(asked)] });
    }
    return expansion.result();
  }

  #expand(expansion: Expansion, address: Address, position: Position): void {
    const { branch, above } = position;
    const depth = above.length;
    const isOurs = this.#isOurs(expansion, address);
    const name = isOurs ? nameOf(address) : formatAddress(address);
    if (!expansion.enter(branch, name, depth)) return;
    if (depth > this.#config.expansionDepth) {
      return expansion.problem(depth, name, tooDeep(above[0], this.#config.expansionDepth));
    }
    const { follows } = isOurs ? (this.#directory.domain(address.domain) ?? {}) : {};
    if (follows !== undefined) {
      const same = { localPart: address.localPart, domain: follows };
      expansion.step(depth, name, "domain-alias", `${address.domain} follows ${follows}`, [
        formatAddress(same),
      ]);
      return this.#expand(expansion, same, below(position, name));
    }
    const virtual = address.domain === "" ? undefined : this.#maps?.virtual(address);
    if (virtual !== undefined) return this.#expandVirtual(expansion, virtual, address, position);
    if (!isOurs) return expansion.remote(depth, branch, address);
    this.#expandOurs(expansion, address, position);
  }

  /** What the virtual table does not say, or what it leads back to. */
  #expandOurs(expansion: Expansion, address: Address, position: Position): void {
    const { branch, above } = position;
    const depth = above.length;
    const name = nameOf(address);
    const relocated = address.domain === "" ? undefined : this.#maps?.relocated(address);
    if (relocated !== undefined) return expansion.problem(depth, name, moved(name, relocated));
    const match = this.#matcher.match(address);
    switch (match?.kind) {
      case undefined:
        return expansion.problem(depth, name, unknownAddress(name));
      case "account":
        return expansion.local(depth, branch, match.account, name, match.detail);
      case "route":
        return expansion.routed(depth, branch, address, match.because);
      case "role":
        return this.#expandRole(expansion, name, position);
      case "catch-all":
        expansion.step(depth, name, "catch-all", `of ${address.domain}`, [match.target]);
        return this.#expandTargets(
          expansion,
          [match.target],
          address,
          onward(expansion, position, name),
        );
      case "alias":
        if (above.includes(nameOf(match.address))) {
          return this.#ownMailbox(expansion, match.address, position);
        }
        return this.#expandAlias(expansion, match, name, position);
      case "list":
        return this.#expandList(expansion, match.found, name, position);
    }
  }

  /** A report about forwarded mail, on its way back to who sent it. */
  #expandOriginal(
    expansion: Expansion,
    asked: Address,
    original: Result<Address>,
    branch: OpenBranch,
  ): void {
    const name = nameOf(asked);
    if (!original.ok) return expansion.problem(0, name, notForwarded(name, original.problem));
    const leadsTo = formatAddress(original.value);
    expansion.step(0, name, "srs", "mail was forwarded under this name", [leadsTo]);
    this.#expand(expansion, withAsciiDomain(original.value), { branch, above: [name] });
  }

  #expandVirtual(
    expansion: Expansion,
    { targets, source }: FoundTargets,
    address: Address,
    position: Position,
  ): void {
    const depth = position.above.length;
    const name = this.#isOurs(expansion, address) ? nameOf(address) : formatAddress(address);
    expansion.step(depth, name, "virtual", source, targets.map(formatAddress));
    const itself = targets.find((target) => addressKey(target) === addressKey(address));
    if (itself !== undefined) {
      // "a: a, b" keeps a and adds b.
      if (this.#isOurs(expansion, address)) this.#expandOurs(expansion, address, position);
      else expansion.remote(depth, position.branch, address);
    }
    const others = targets.filter((target) => target !== itself);
    if (others.length === 0) return;
    const branch = this.#branchOf(expansion, address, name, position.branch);
    const next = { branch, above: [...position.above, name] };
    this.#expandTargets(expansion, others.map(formatAddress), address, next);
  }

  /** A local domain, or a role of this host itself. */
  #isOurs(expansion: Expansion, address: Address): boolean {
    // A list's members share few domains: each is looked up once.
    const isLocal = (): boolean => this.#directory.domain(address.domain) !== undefined;
    return expansion.isLocalDomain(address.domain, isLocal) || this.isOurs(address);
  }

  #expandAlias(
    expansion: Expansion,
    match: { readonly alias: FoundAlias; readonly address: Address },
    name: string,
    position: Position,
  ): void {
    const { alias, address } = match;
    const depth = position.above.length;
    const texts = alias.targets.map((target) => target.text);
    expansion.step(depth, name, "alias", alias.source, texts);
    const branch = this.#branchOf(expansion, address, name, position.branch);
    const next = { branch, above: [...position.above, nameOf(address)] };
    for (const target of alias.targets) {
      switch (target.kind) {
        case "address":
          this.#expandTargets(expansion, [target.text], address, next);
          break;
        case "mailbox":
          this.#ownMailbox(expansion, readTarget(target.text, address) ?? address, next);
          break;
        case "discard":
          expansion.discard(depth + 1, target.text, alias.source);
          break;
        case "target":
          expansion.target(depth + 1, next.branch, { name, ...target }, alias.source);
          break;
        case "refused":
          expansion.problem(depth + 1, target.text, refusedTarget(name, target.problem));
          break;
      }
    }
  }

  /** An alias with an `owner-` beside it sends its copies out under that name, as sendmail does. */
  #branchOf(expansion: Expansion, address: Address, name: string, branch: OpenBranch): OpenBranch {
    const owner = { localPart: `owner-${address.localPart}`, domain: address.domain };
    if (this.#matcher.findAlias(owner) !== undefined) {
      return expansion.branch("list", name, { reversePath: formatAddress(owner) });
    }
    return expansion.forwarding(branch, name);
  }

  #expandList(expansion: Expansion, found: ListAddress, name: string, position: Position): void {
    const depth = position.above.length;
    if (found.role !== "post") {
      const why = `${found.role} of ${found.list.address}`;
      expansion.step(depth, name, "list-role", why, [found.leadsTo]);
      return this.#expandTargets(
        expansion,
        [found.leadsTo],
        undefined,
        onward(expansion, position, name),
      );
    }
    // A posting that reaches a list through another list was let in there.
    if (expansion.sender !== undefined && position.branch.listId === undefined) {
      const refusal = this.#lists?.refusePost(found.list, expansion.sender);
      if (refusal !== undefined) {
        return expansion.problem(depth, name, { code: 550, ...refusal, isFatal: false });
      }
    }
    expansion.step(depth, name, "list", "directory", found.members);
    const { reversePath, prefix, listId } = found;
    const branch = expansion.branch("list", name, { reversePath, prefix, listId });
    this.#expandTargets(expansion, found.members, undefined, {
      branch,
      above: [...position.above, name],
    });
  }

  #expandRole(expansion: Expansion, name: string, position: Position): void {
    const depth = position.above.length;
    const target = this.#config.postmaster ?? this.#matcher.firstAccount();
    if (target === undefined) return expansion.problem(depth, name, nobodyYet(name));
    expansion.step(depth, name, "role", "postmaster of this host", [target]);
    this.#expandTargets(expansion, [target], undefined, onward(expansion, position, name));
  }

  /** `parent` gives bare local parts their domain. */
  #expandTargets(
    expansion: Expansion,
    targets: readonly string[],
    parent: Address | undefined,
    position: Position,
  ): void {
    const depth = position.above.length;
    for (const target of targets) {
      if (expansion.isFull) return;
      const address = readTarget(target, parent);
      if (address === undefined) {
        expansion.problem(depth, target, badTarget(target));
        continue;
      }
      const name = nameOf(address);
      if (position.above.includes(name)) this.#ownMailbox(expansion, address, position);
      else this.#expand(expansion, address, position);
    }
  }

  /** An alias that names itself means the mailbox of that name (aliases(5)); without one it is a loop. */
  #ownMailbox(expansion: Expansion, address: Address, { branch, above }: Position): void {
    const account = this.#directory.account(addressKey(address));
    const name = nameOf(address);
    if (account !== undefined) {
      return expansion.local(above.length, branch, account, name, undefined);
    }
    const problem = above.includes(name) ? leadsBack(name) : unknownAddress(name);
    expansion.problem(above.length, name, problem);
  }
}

function onward(expansion: Expansion, { branch, above }: Position, name: string): Position {
  return { branch: expansion.forwarding(branch, name), above: [...above, name] };
}

function below(position: Position, name: string): Position {
  return { branch: position.branch, above: [...position.above, name] };
}
