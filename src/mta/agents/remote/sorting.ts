/**
 * Keeps the account of one job while hosts are tried: whose fate is settled, who is still open and
 * what was said about them last. Ends with one outcome for each recipient.
 */

import { tlsLabel } from "../../../base/tls-label.ts";
import type { TlsSession } from "../../../base/channel.ts";
import type { Clock } from "../../../base/clock.ts";
import type {
  DeliveryReport,
  RecipientOutcome as SmtpOutcome,
  UnsentReason,
} from "../../../smtp/delivery.ts";
import type { Reply } from "../../../smtp/reply.ts";
import type { DeliverBy } from "../../../store/acceptance.ts";
import type { QueueJob, QueueRecipient } from "../../../store/queue.ts";
import type { Host, RouteProblem } from "../../routing/host.ts";
import { replyStatus, replyText, type OutcomeKind, type RecipientOutcome } from "../outcome.ts";
import { hostLabel, type ConnectionProblem } from "./open-connection.ts";
import { mustReportRelay } from "./must-report-relay.ts";
import type { SentBatch } from "./send-batch.ts";

/** A verdict before times and host are added. */
type Verdict = Pick<RecipientOutcome, "kind" | "status" | "problem" | "diagnostic"> & {
  readonly reply: string;
};

const UNSENT: Readonly<Record<UnsentReason, { status: string; text: string }>> = {
  "cannot-8bit": {
    status: "5.6.3",
    text: "does not take 8-bit text, and to convert the message would break it or its signature",
  },
  "cannot-binary": {
    status: "5.6.3",
    text: "does not take binary content, and to convert the message would break it or its signature",
  },
  "cannot-utf8": { status: "5.6.7", text: "does not take internationalized addresses or headers" },
  "too-large": { status: "5.3.4", text: "does not take messages of this size" },
  "cannot-requiretls": { status: "5.7.30", text: "cannot promise TLS for the whole way" },
  "cannot-deliver-by": {
    status: "5.4.7",
    text: "cannot promise to deliver the message by the time you named, or to give it back",
  },
};

export class Sorting {
  readonly #clock: Clock;
  readonly #recipients: readonly QueueRecipient[];
  readonly #deliverBy: DeliverBy | undefined;
  readonly #startedMs: number;
  readonly #settled: Map<number, RecipientOutcome> = new Map();
  /** The last word about those still open. */
  readonly #open: Map<number, RecipientOutcome> = new Map();
  /** Not to be offered to the host at hand again. */
  readonly #seenHere: Set<number> = new Set();
  #host: Host | undefined;
  #tls: TlsSession | undefined;
  #hostStartedMs: number;
  #connectMs = 0;
  /** Recipients for whom some host may yet do it: not each one has said no for good. */
  readonly #hopeful: Set<number> = new Set();
  #wasReached = false;

  readonly #isFinal: boolean;

  /** `isFinal`: the host answers for the mailbox itself (LMTP), not for one more hop. */
  constructor(
    { recipients, message }: QueueJob,
    clock: Clock,
    { isFinal }: { readonly isFinal: boolean } = { isFinal: false },
  ) {
    this.#isFinal = isFinal;
    this.#recipients = recipients;
    this.#deliverBy = message.deliverBy;
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
    this.#hostStartedMs = this.#startedMs;
  }

  /** Nobody is left for another host. */
  get isDone(): boolean {
    return this.#settled.size === this.#recipients.length;
  }

  /** A host has answered, in whatever words. */
  get wasReached(): boolean {
    return this.#wasReached;
  }

  /** No hosts are known: for good, or for now, and then another next hop may be tried. */
  noRoute({ temporary, status, problem }: RouteProblem): void {
    const kind = temporary ? "deferred" : "failed";
    const verdict = { kind, status, problem, diagnostic: undefined, reply: problem } as const;
    for (const recipient of this.#recipients) {
      if (this.#settled.has(recipient.recipientId)) continue;
      if (!temporary) this.#settle(recipient, verdict);
      else if (!this.#open.has(recipient.recipientId)) this.#keepOpen(recipient, verdict);
    }
  }

  beginHost(host: Host, tls: TlsSession | undefined): void {
    this.#host = host;
    this.#tls = tls;
    this.#hostStartedMs = this.#clock.monotonicMs();
    this.#connectMs = 0;
    this.#seenHere.clear();
  }

  connected(tls: TlsSession | undefined): void {
    this.#tls = tls;
    this.#connectMs = this.#clock.monotonicMs() - this.#hostStartedMs;
    this.#wasReached = true;
  }

  noConnection(problem: ConnectionProblem): void {
    this.#connectMs = this.#clock.monotonicMs() - this.#hostStartedMs;
    if (problem.isReached) this.#wasReached = true;
    const { status, diagnostic } = problem;
    for (const recipient of this.#recipients) {
      if (this.#settled.has(recipient.recipientId)) continue;
      if (!problem.isPermanent) this.#hopeful.add(recipient.recipientId);
      // What a host said about this very recipient is worth more than another's silence.
      if (
        this.#open.get(recipient.recipientId)?.diagnostic !== undefined &&
        diagnostic === undefined
      )
        continue;
      this.#keepOpen(recipient, {
        kind: problem.isPermanent ? "failed" : "deferred",
        status,
        problem: problem.problem,
        diagnostic,
        reply: diagnostic ?? problem.problem,
      });
    }
  }

  /** The next recipients to offer to the host at hand: of so many domains at most. */
  nextBatch(
    most: number,
    mostDomains: number = Number.POSITIVE_INFINITY,
  ): readonly QueueRecipient[] {
    const domains = new Set<string>();
    return this.#recipients
      .filter(
        ({ recipientId }) => !this.#settled.has(recipientId) && !this.#seenHere.has(recipientId),
      )
      .filter(({ recipient }) => {
        const domain = recipient.slice(recipient.lastIndexOf("@") + 1).toLowerCase();
        if (domains.size < mostDomains) domains.add(domain);
        return domains.has(domain);
      })
      .slice(0, Math.max(1, most));
  }

  /** Nobody looked at them: the connection was dead. */
  unseen(recipients: readonly QueueRecipient[]): void {
    for (const { recipientId } of recipients) this.#seenHere.delete(recipientId);
  }

  sent({ recipients, report }: SentBatch): void {
    this.#wasReached = true;
    // 452 4.5.3: the server wants the rest in another transaction, if it took any of this one.
    const tookSome = report.outcomes.some((outcome) => outcome.status === "accepted");
    for (const [index, recipient] of recipients.entries()) {
      const outcome = report.outcomes[index];
      const mayAskAgain = tookSome && report.isReusable && isTooMany(outcome);
      if (!mayAskAgain) this.#seenHere.add(recipient.recipientId);
      this.#sort(recipient, outcome, report);
    }
  }

  finish(): readonly RecipientOutcome[] {
    return this.#recipients.map((recipient) => {
      const settled = this.#settled.get(recipient.recipientId);
      if (settled !== undefined) return settled;
      const last = this.#open.get(recipient.recipientId) ?? this.#outcome(recipient, NOTHING_TRIED);
      // Where each host has said no for good (RFC 7504), it will say so tomorrow.
      if (last.kind === "failed" && !this.#hopeful.has(recipient.recipientId)) return last;
      const status = `4${last.status.slice(1)}`;
      return { ...last, kind: "deferred", status, isUnreachable: !this.#wasReached };
    });
  }

  #sort(recipient: QueueRecipient, outcome: SmtpOutcome, report: DeliveryReport): void {
    switch (outcome.status) {
      case "accepted": {
        const verdict = this.#said("delivered", outcome.reply);
        const mustReportSuccess = mustReportRelay(recipient, report, {
          deliverBy: this.#isFinal ? undefined : this.#deliverBy,
        });
        this.#settle(recipient, verdict, { mustReportSuccess });
        return;
      }
      case "refused": {
        const verdict = this.#said(outcome.temporary ? "deferred" : "failed", outcome.reply);
        if (outcome.temporary) this.#keepOpen(recipient, verdict);
        else this.#settle(recipient, verdict);
        return;
      }
      case "unsent": {
        const { status, text } = UNSENT[outcome.reason];
        const problem = `${this.#label()} ${text}`;
        const verdict = {
          kind: "failed",
          status,
          problem,
          diagnostic: undefined,
          reply: problem,
        } as const;
        // Another exchanger may be newer (mta.md 17).
        this.#keepOpen(recipient, verdict);
        return;
      }
      case "lost": {
        const problem = `the connection to ${this.#label()} was lost at ${outcome.stage}: ${outcome.error.message}`;
        const verdict = {
          kind: "deferred",
          status: "4.4.2",
          problem,
          diagnostic: undefined,
          reply: problem,
        } as const;
        // It may have been taken: another host now would make two of it.
        if (outcome.stage === "content") this.#settle(recipient, verdict);
        else this.#keepOpen(recipient, verdict);
        return;
      }
    }
  }

  #said(kind: OutcomeKind, reply: Reply): Verdict {
    const text = replyText(reply);
    const problem = kind === "delivered" ? text : `${this.#label()} said: ${text}`;
    return { kind, status: statusFor(kind, reply), problem, diagnostic: text, reply: text };
  }

  #settle(
    recipient: QueueRecipient,
    verdict: Verdict,
    more: Partial<Pick<RecipientOutcome, "mustReportSuccess" | "isUnreachable">> = {},
  ): void {
    const outcome = this.#outcome(recipient, verdict);
    this.#settled.set(recipient.recipientId, { ...outcome, ...more });
    this.#open.delete(recipient.recipientId);
  }

  #keepOpen(recipient: QueueRecipient, verdict: Verdict): void {
    if (verdict.kind === "deferred") this.#hopeful.add(recipient.recipientId);
    this.#open.set(recipient.recipientId, this.#outcome(recipient, verdict));
  }

  #outcome(recipient: QueueRecipient, verdict: Verdict): RecipientOutcome {
    const { reply, ...rest } = verdict;
    const durationMs = this.#clock.monotonicMs() - this.#hostStartedMs;
    return {
      recipient,
      ...rest,
      remoteHost: this.#host?.name,
      mustReportSuccess: false,
      isFinal: this.#isFinal,
      connectMs: this.#connectMs,
      transferMs: Math.max(0, durationMs - this.#connectMs),
      attempt: {
        atMs: this.#clock.nowMs(),
        durationMs,
        host: this.#host === undefined ? "" : hostLabel(this.#host),
        tls: this.#tls && tlsLabel(this.#tls),
        reply,
      },
    };
  }

  #label(): string {
    return this.#host === undefined ? "the next host" : hostLabel(this.#host);
  }
}

const NOTHING_TRIED: Verdict = {
  kind: "deferred",
  status: "4.4.1",
  problem: "no host could be tried",
  diagnostic: undefined,
  reply: "",
};

function isTooMany(outcome: SmtpOutcome): boolean {
  return (
    outcome.status === "refused" &&
    outcome.temporary &&
    outcome.stage === "rcpt" &&
    (outcome.reply.code === 452 || outcome.reply.code === 552)
  );
}

/** A deferral keeps a 4, even if the server's words had a 5 in them (552 to RCPT). */
function statusFor(kind: OutcomeKind, reply: Reply): string {
  const status = replyStatus(reply);
  const digit = kind === "delivered" ? "2" : kind === "failed" ? "5" : "4";
  return `${digit}${status.slice(1)}`;
}
