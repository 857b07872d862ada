/**
 * The operator's address tables in their roles: canonical (an address is another one's spelling),
 * masquerading (names of hosts are hidden), virtual (who gets it instead), relocated (where somebody
 * has gone). Pure look-ups over what `load` has read; who is asked when is decided by
 * `AddressResolver` and reception.
 */

import { addressKey, type Address } from "../../message/addr-spec.ts";
import type { FileProblem } from "../aliases/file-problem.ts";
import type { MapConfig } from "../config.ts";
import { withAsciiDomain } from "../resolution/ascii-domain.ts";
import { findInMaps, type MapSearch } from "./find-in-maps.ts";
import { MapFile, type CheckValue } from "./map-file.ts";
import { checkOneTarget, checkTargets, completeTarget, splitTargets } from "./map-values.ts";

export type Rewritten = { readonly address: Address; readonly source: string };
export type FoundTargets = { readonly targets: readonly Address[]; readonly source: string };
export type Relocation = { readonly text: string; readonly source: string };

/** Rounds through the canonical tables, as in Postfix: a table that leads on for ever is cut here. */
const MAX_ROUNDS = 10;

export class AddressMaps {
  readonly #config: MapConfig;
  readonly #search: MapSearch;
  readonly #files: Map<string, MapFile> = new Map();
  readonly #senders: readonly MapFile[];
  readonly #recipients: readonly MapFile[];
  readonly #virtual: readonly MapFile[];
  readonly #relocated: readonly MapFile[];

  constructor(config: MapConfig, search: MapSearch) {
    this.#config = config;
    this.#search = search;
    const both = this.#open("canonical", config.canonical, checkOneTarget);
    this.#senders = [...this.#open("sender", config.senderCanonical, checkOneTarget), ...both];
    this.#recipients = [
      ...this.#open("recipient", config.recipientCanonical, checkOneTarget),
      ...both,
    ];
    this.#virtual = this.#open("virtual", config.virtual, checkTargets);
    this.#relocated = this.#open("relocated", config.relocated, () => undefined);
  }

  /** The files, to be watched for changes. */
  get paths(): readonly string[] {
    return [...new Set([...this.#files.values()].map(({ path }) => path))];
  }

  async load(): Promise<readonly FileProblem[]> {
    return (await Promise.all([...this.#files.values()].map((file) => file.load()))).flat();
  }

  /** An address that somebody sends from: canonical form, host names hidden. Undefined: as it is. */
  sender(address: Address): Rewritten | undefined {
    return this.#masqueraded(address, this.#canonical(this.#senders, address));
  }

  /** An address that mail is sent to, in its canonical form. */
  recipient(address: Address): Rewritten | undefined {
    return this.#canonical(this.#recipients, address);
  }

  /** The same as it stands in the header of mail that begins here, where host names are hidden too. */
  headerRecipient(address: Address): Rewritten | undefined {
    return this.#masqueraded(address, this.recipient(address));
  }

  /** Who gets it instead. */
  virtual(address: Address): FoundTargets | undefined {
    const found = findInMaps(this.#virtual, address, this.#search);
    if (found === undefined) return undefined;
    const targets = splitTargets(found.value).flatMap(
      (target) => completeTarget(target, address, found.unmatchedDetail) ?? [],
    );
    return { targets, source: found.source };
  }

  /** Where somebody has gone. */
  relocated(address: Address): Relocation | undefined {
    const found = findInMaps(this.#relocated, address, this.#search);
    return found && { text: found.value, source: found.source };
  }

  #canonical(maps: readonly MapFile[], asked: Address): Rewritten | undefined {
    let rewritten: Rewritten | undefined;
    let current = withAsciiDomain(asked);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = findInMaps(maps, current, this.#search);
      const next = found && completeTarget(found.value, current, found.unmatchedDetail);
      if (next === undefined || addressKey(next) === addressKey(current)) break;
      current = next;
      rewritten = { address: next, source: found?.source ?? "" };
    }
    return rewritten;
  }

  /** The first domain of the list that is the address's own, or stands above it. */
  #masqueraded(asked: Address, before: Rewritten | undefined): Rewritten | undefined {
    const address = before?.address ?? withAsciiDomain(asked);
    const { masqueradeDomains, masqueradeExceptions } = this.#config;
    if (masqueradeExceptions.includes(address.localPart.toLowerCase())) return before;
    for (const domain of masqueradeDomains) {
      if (address.domain === domain) return before;
      if (!address.domain.endsWith(`.${domain}`)) continue;
      const source = before === undefined ? "masqueradeDomains" : before.source;
      return { address: { localPart: address.localPart, domain }, source };
    }
    return before;
  }

  /** A file may serve several roles; each has its own check. */
  #open(role: string, paths: readonly string[], check: CheckValue): readonly MapFile[] {
    return paths.map((path) => {
      const key = `${role} ${path}`;
      const file = this.#files.get(key) ?? new MapFile(path, check);
      this.#files.set(key, file);
      return file;
    });
  }
}
