/**
 * The state of one walk through aliases and lists: branches with their copies, what has been seen,
 * what went wrong. Knows no directory; `AddressResolver` drives it.
 */

import { NO_OCTETS } from "../../base/bytes.ts";
import { formatAddress, type Address } from "../../message/addr-spec.ts";
import type { Account } from "../../store/directory.ts";
import type { PostSender } from "./list-host.ts";
import type {
  Branch,
  DeliveryTarget,
  LocalTarget,
  Resolution,
  ResolutionProblem,
  ResolutionStep,
  StepKind,
} from "./resolution.ts";

/** A list may be this many times broader than an alias. */
const LIST_BREADTH = 100;

export type OpenBranch = {
  readonly kind: Branch["kind"];
  readonly name: string;
  readonly reversePath: string | undefined;
  readonly prefix: Uint8Array;
  readonly listId: string | undefined;
  /** Where local copies go: to the branch itself, or for `alias` to the branch it forks from. */
  readonly locals: Map<number, LocalTarget>;
  readonly remotes: Map<string, Address>;
  /** As local copies; by name and text. */
  readonly targets: Map<string, DeliveryTarget>;
  /** Addresses expanded in it. */
  readonly seen: Set<string>;
};

type BranchOptions = {
  readonly reversePath?: string;
  readonly prefix?: Uint8Array;
  readonly listId?: string;
};

export class Expansion {
  readonly #breadth: number;
  readonly #branches: OpenBranch[] = [];
  readonly #problems: ResolutionProblem[] = [];
  readonly #steps: ResolutionStep[] = [];
  /** Whose right to post lists judge; undefined lets everybody in. */
  readonly sender: PostSender | undefined;
  readonly #localDomains: Map<string, boolean> = new Map();
  #isFull = false;
  #isDiscarded = false;

  constructor(breadth: number, sender: PostSender | undefined) {
    this.#breadth = breadth;
    this.sender = sender;
  }

  /** The cap on breadth was met; nothing more is taken. */
  get isFull(): boolean {
    return this.#isFull;
  }

  isLocalDomain(domain: string, look: () => boolean): boolean {
    const known = this.#localDomains.get(domain);
    if (known !== undefined) return known;
    const isLocal = look();
    this.#localDomains.set(domain, isLocal);
    return isLocal;
  }

  /** A new branch; a list's own, however many ways lead to the list. */
  branch(kind: "direct" | "list", name: string, options: BranchOptions = {}): OpenBranch {
    const known = this.#branches.find((open) => open.kind === "list" && open.name === name);
    if (known !== undefined && kind === "list") return known;
    return this.#open({
      kind,
      name,
      reversePath: options.reversePath,
      prefix: options.prefix ?? NO_OCTETS,
      listId: options.listId,
      locals: new Map(),
      remotes: new Map(),
      targets: new Map(),
      seen: new Set(),
    });
  }

  /**
   * A branch for other hosts' copies of `name`, so that Delivered-To can name it; local copies and what
   * was seen stay shared. A branch that is no longer the sender's own stays.
   */
  forwarding(parent: OpenBranch, name: string): OpenBranch {
    if (parent.kind !== "direct") return parent;
    return this.#open({ ...parent, kind: "alias", name, remotes: new Map() });
  }

  #open(branch: OpenBranch): OpenBranch {
    this.#branches.push(branch);
    return branch;
  }

  /** false: this address is expanded in the branch already, or there are too many. */
  enter(branch: OpenBranch, name: string, depth: number): boolean {
    if (branch.seen.has(name)) return false;
    const limit = branch.listId === undefined ? this.#breadth : this.#breadth * LIST_BREADTH;
    if (branch.seen.size >= limit) {
      this.#isFull = true;
      this.problem(depth, branch.name, {
        code: 554,
        status: "5.4.6",
        text: `${branch.name} leads to more than ${limit} addresses: make it a list.`,
        isFatal: true,
      });
      return false;
    }
    branch.seen.add(name);
    return true;
  }

  local(
    depth: number,
    branch: OpenBranch,
    account: Account,
    recipient: string,
    detail: string | undefined,
  ): void {
    if (!account.isEnabled) {
      return this.problem(depth, recipient, {
        code: 550,
        status: "5.2.1",
        text: `The mailbox ${recipient} is switched off.`,
        isFatal: false,
      });
    }
    this.step(depth, recipient, "account", "directory", [account.address]);
    if (!branch.locals.has(account.id)) {
      branch.locals.set(account.id, { account, recipient, detail });
    }
  }

  remote(depth: number, branch: OpenBranch, address: Address): void {
    const text = formatAddress(address);
    this.step(depth, text, "remote", "not a domain of this host", []);
    branch.remotes.set(text, address);
  }

  /** An address of ours whose mail a route sends elsewhere. */
  routed(depth: number, branch: OpenBranch, address: Address, because: string): void {
    const text = formatAddress(address);
    this.step(depth, text, "route", because, []);
    branch.remotes.set(text, address);
  }

  target(depth: number, branch: OpenBranch, target: DeliveryTarget, because: string): void {
    this.step(depth, target.text, "target", because, []);
    branch.targets.set(`${target.name} ${target.text}`, target);
  }

  discard(depth: number, address: string, because: string): void {
    this.step(depth, address, "discard", because, []);
    this.#isDiscarded = true;
  }

  step(
    depth: number,
    address: string,
    kind: StepKind,
    because: string,
    leadsTo: readonly string[],
  ): void {
    this.#steps.push({ depth, address, kind, because, leadsTo });
  }

  problem(depth: number, address: string, problem: Omit<ResolutionProblem, "address">): void {
    this.#problems.push({ address, ...problem });
    this.step(depth, address, "problem", `${problem.status} ${problem.text}`, []);
  }

  result(): Resolution {
    const branches: Branch[] = [];
    for (const open of this.#branches) {
      const { kind, name, reversePath, prefix, listId } = open;
      const locals = kind === "alias" ? [] : [...open.locals.values()];
      const targets = kind === "alias" ? [] : [...open.targets.values()];
      const remotes = [...open.remotes.values()];
      if (locals.length + remotes.length + targets.length === 0) continue;
      branches.push({ kind, name, reversePath, prefix, listId, locals, remotes, targets });
    }
    return {
      branches,
      isDiscarded: this.#isDiscarded,
      problems: this.#problems,
      steps: this.#steps,
    };
  }
}
