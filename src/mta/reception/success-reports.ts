/**
 * NOTIFY=SUCCESS (RFC 3461 §5.2.7) for recipients whose way ends here: delivered into mailboxes,
 * taken by a list, or expanded by an alias of several targets. What has a further hop is reported
 * there, or by the queue.
 */

import type { Log } from "../../base/log.ts";
import type { Envelope } from "../../store/acceptance.ts";
import type { Store } from "../../store/contract.ts";
import type { DsnAction } from "../../message/report/dsn.ts";
import type { ReportedMessage, ReportedRecipient } from "../dsn/reported.ts";
import type { Reporter } from "../dsn/reporter.ts";
import { copiesOf, type AcceptedRecipient, type Transaction } from "./transaction.ts";

export class SuccessReports {
  readonly #store: Pick<Store, "accept">;
  readonly #reporter: Reporter;
  readonly #log: Log;

  constructor(deps: {
    readonly store: Pick<Store, "accept">;
    readonly reporter: Reporter;
    readonly log: Log;
  }) {
    this.#store = deps.store;
    this.#reporter = deps.reporter;
    this.#log = deps.log;
  }

  /** Whether somebody waits for a report about this transaction. */
  isWanted({ sender, recipients }: Transaction): boolean {
    return sender !== "" && recipients.some((each) => each.params.notify?.includes("success"));
  }

  /** Never rejects: the message itself is safe, and a notice that it arrived is a courtesy. */
  async send(
    message: ReportedMessage,
    transaction: Transaction,
    envelopes: readonly Envelope[],
  ): Promise<void> {
    const filed = new Set(envelopes.flatMap((each) => each.deliveries.map((d) => d.accountId)));
    const recipients = transaction.recipients.flatMap((each) => reported(each, filed));
    if (recipients.length === 0) return;
    try {
      const report = await this.#reporter.makeReport("success", message, recipients);
      if (report !== undefined) await this.#store.accept(report);
    } catch (error) {
      this.#log.error("mta.success-not-reported", error, { queueId: message.queueId });
    }
  }
}

function reported(recipient: AcceptedRecipient, filed: ReadonlySet<number>): ReportedRecipient[] {
  const action = actionFor(recipient, filed);
  if (action === undefined) return [];
  return [
    {
      recipient: recipient.text,
      originalRecipient: recipient.params.orcpt,
      action,
      status: action === "expanded" ? "2.1.5" : "2.0.0",
      problem:
        action === "expanded"
          ? "went on to the several addresses that this one stands for."
          : "is where it should be.",
      remoteHost: undefined,
      diagnostic: undefined,
      lastAttemptMs: undefined,
      willRetryUntilMs: undefined,
    },
  ];
}

function actionFor(
  { params, resolution }: AcceptedRecipient,
  filed: ReadonlySet<number>,
): DsnAction | undefined {
  if (!params.notify?.includes("success")) return undefined;
  const { branches } = resolution;
  if (branches.some((branch) => branch.kind === "list")) return "delivered";
  const copies = copiesOf(resolution);
  if (copies > 1) return "expanded";
  const [local] = branches.flatMap((branch) => branch.locals);
  return local !== undefined && filed.has(local.account.id) ? "delivered" : undefined;
}
