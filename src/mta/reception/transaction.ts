/** One transaction: the sender and the recipients that were accepted, with where they lead. */

import { formatAddress, type Address } from "../../message/addr-spec.ts";
import type { MailParams, RcptParams, ReversePath } from "../../smtp/handler.ts";
import type { Account } from "../../store/directory.ts";
import { TransactionMarks } from "../policy/transaction-marks.ts";
import { withAsciiDomain } from "../resolution/ascii-domain.ts";
import type { Resolution } from "../resolution/resolution.ts";

export type AcceptedRecipient = {
  /** As the client wrote it, domain lower case; `postmaster` may stand alone. */
  readonly text: string;
  readonly params: RcptParams;
  readonly resolution: Resolution;
};

export class Transaction {
  readonly reversePath: ReversePath;
  readonly params: MailParams;
  /** Who submits, if somebody has authenticated. */
  readonly account: Account | undefined;
  readonly startedMs: number;
  readonly recipients: AcceptedRecipient[] = [];
  readonly marks: TransactionMarks;

  constructor(
    reversePath: ReversePath,
    params: MailParams,
    account: Account | undefined,
    startedMs: number,
    marks: TransactionMarks = new TransactionMarks(),
  ) {
    // In A-labels, so that a domain alone never asks a later hop for SMTPUTF8.
    this.reversePath = reversePath === "null" ? reversePath : withAsciiDomain(reversePath);
    this.startedMs = startedMs;
    this.params = params;
    this.account = account;
    this.marks = marks;
  }

  /** The same for some of its recipients. */
  only(recipients: readonly AcceptedRecipient[]): Transaction {
    const { reversePath, params, account, startedMs, marks } = this;
    const part = new Transaction(reversePath, params, account, startedMs, marks);
    part.recipients.push(...recipients);
    return part;
  }

  /** "" is the null reverse-path. */
  get sender(): string {
    return this.reversePath === "null" ? "" : formatAddress(this.reversePath);
  }
}

export function recipientText(address: Address): string {
  return address.domain === "" ? address.localPart : formatAddress(address);
}

/** How many copies a recipient comes to. */
export function copiesOf({ branches }: Resolution): number {
  return branches.reduce(
    (sum, { locals, remotes, targets }) => sum + locals.length + remotes.length + targets.length,
    0,
  );
}

/** The one recipient, for Received: not where there are several, nor where it would need SMTPUTF8 of all later hops. */
export function namedRecipient({ recipients }: Transaction): string | undefined {
  const [only, ...others] = recipients;
  return others.length === 0 && /^[ -~]+$/.test(only.text) ? only.text : undefined;
}

/** Some copy goes to another host. */
export function leavesUs({ recipients }: Transaction): boolean {
  return recipients.some(({ resolution }) =>
    resolution.branches.some((branch) => branch.remotes.length > 0),
  );
}
