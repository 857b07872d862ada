/**
 * What an address comes to: copies for mailboxes of ours, copies for other hosts, and what was
 * wrong on the way. Plain values, so that reception, `posthorn trace` and tests can look at them.
 */

import type { Address } from "../../message/addr-spec.ts";
import type { Account } from "../../store/directory.ts";
import type { Transport } from "../transport.ts";

export type LocalTarget = {
  readonly account: Account;
  /** The address that led to the account last: `anna+shop@example.org`. */
  readonly recipient: string;
  /** What stood behind the recipient delimiter. */
  readonly detail: string | undefined;
};

/** What an alias file names instead of an address. */
export type DeliveryTarget = {
  /** The alias that names it. */
  readonly name: string;
  /** As it stands there: `/var/mail/archive`, `|/usr/bin/filter`, `:transport:tickets`. */
  readonly text: string;
  readonly transport: Transport;
};

/**
 * Copies that share an envelope. `direct`: the recipient is what the sender wrote. `alias`: other
 * hosts' copies of a forwarded address. `list`: a posting, or an alias with an `owner-`, that goes
 * out under a reverse-path of its own.
 */
export type Branch = {
  readonly kind: "direct" | "alias" | "list";
  /** The address whose copies these are. */
  readonly name: string;
  /** Instead of the sender's (RFC 5321 §3.9.2). Undefined: the sender's stays. */
  readonly reversePath: string | undefined;
  /** Header fields for every copy. */
  readonly prefix: Uint8Array;
  /** The List-Id by which a posting that comes back is known. */
  readonly listId: string | undefined;
  readonly locals: readonly LocalTarget[];
  readonly remotes: readonly Address[];
  readonly targets: readonly DeliveryTarget[];
};

/** Why an address, or one of those it leads to, takes no mail. */
export type ResolutionProblem = {
  readonly address: string;
  readonly code: 450 | 451 | 550 | 551 | 553 | 554;
  /** RFC 3463 */
  readonly status: string;
  /** A sentence for the sender. */
  readonly text: string;
  /** The whole address must be refused, even if some copies could be made. */
  readonly isFatal: boolean;
};

export type StepKind =
  | "account"
  | "alias"
  | "list"
  | "list-role"
  | "role"
  | "catch-all"
  | "domain-alias"
  | "canonical"
  | "srs"
  | "virtual"
  | "discard"
  | "target"
  | "route"
  | "remote"
  | "problem";

/** One line of `posthorn trace`. */
export type ResolutionStep = {
  /** 0 for the address asked. */
  readonly depth: number;
  readonly address: string;
  readonly kind: StepKind;
  /** Where it says so (`directory`, `/etc/aliases:12`), or what is wrong. */
  readonly because: string;
  readonly leadsTo: readonly string[];
};

export type Resolution = {
  /** Branches with no copies are left out. */
  readonly branches: readonly Branch[];
  /** Some of the mail is dropped because the configuration says so (Invariant 5). */
  readonly isDiscarded: boolean;
  readonly problems: readonly ResolutionProblem[];
  readonly steps: readonly ResolutionStep[];
};

/** Why nothing can be delivered: the problem to answer RCPT with, or undefined when something can. */
export function refusalOf(resolution: Resolution): ResolutionProblem | undefined {
  const fatal = resolution.problems.find((problem) => problem.isFatal);
  if (fatal !== undefined) return fatal;
  if (resolution.branches.length > 0 || resolution.isDiscarded) return undefined;
  return (
    resolution.problems[0] ?? {
      address: "",
      code: 550,
      status: "5.1.1",
      text: "This address leads to nobody.",
      isFatal: false,
    }
  );
}
