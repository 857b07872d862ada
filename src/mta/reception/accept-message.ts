/**
 * The one commit: a finished message and where its recipients lead go to the store, which takes
 * responsibility; only then is there a 250 (Invariant 1). A refusal leaves nothing behind.
 */

import { isMailError } from "../../base/errors.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { SmtpSession } from "../../smtp/handler.ts";
import { reply, type Reply } from "../../smtp/reply.ts";
import type { Envelope } from "../../store/acceptance.ts";
import type { Store } from "../../store/contract.ts";
import type { StagedMessage } from "../../store/octets.ts";
import type { RouteConfig } from "../routing/choose-route.ts";
import type { ReportedMessage } from "../dsn/reported.ts";
import { buildEnvelopes, type BuiltEnvelopes } from "./build-envelopes.ts";
import { withoutFullMailboxes } from "./full-mailboxes.ts";
import { fullMailbox } from "./recipient-decision.ts";
import { LOOP, replyToStoreFailure } from "./refusals.ts";
import type { ForwardedSender } from "../forwarding/forwarded-sender.ts";
import type { SuccessReports } from "./success-reports.ts";
import type { TraceFacts } from "./trace-facts.ts";
import type { Transaction } from "./transaction.ts";

/** Enough for the header section, which is all that a notice of success gives back. */
const REPORTED_OCTETS = 50_000;

export type FinishedMessage = {
  readonly session: SmtpSession;
  readonly transaction: Transaction;
  readonly queueId: string;
  readonly staged: StagedMessage;
  readonly facts: TraceFacts;
  /** Octets over 127 anywhere. Undefined: nobody looked, because the client has told. */
  readonly is8Bit: boolean | undefined;
  /** False also where nobody looked: no next host is to get it. */
  readonly hasLongLines: boolean;
};

export type AcceptDeps = {
  readonly store: Pick<Store, "accept" | "directory">;
  readonly clock: Clock;
  readonly log: Log;
  readonly successReports: SuccessReports;
  readonly forwarded: ForwardedSender;
};

export async function acceptMessage(
  message: FinishedMessage,
  deps: AcceptDeps,
  config: RouteConfig,
): Promise<Reply> {
  const { transaction, queueId, staged, facts } = message;
  if (transaction.marks.isDiscarded) return discard(message, deps);
  const built = buildEnvelopes({
    transaction,
    queueId,
    body: bodyOf(message),
    needsSmtpUtf8: transaction.params.smtpUtf8 === true && facts.is8Bit,
    hasLongLines: message.hasLongLines,
    facts,
    config,
    forwarded: deps.forwarded,
  });
  if (built.envelopes.length === 0) {
    await staged.discard();
    if (built.loops.length > 0) {
      deps.log.warn("mta.loop", { queueId, to: built.loops });
      return LOOP;
    }
    return discard(message, deps);
  }
  try {
    const { successReports } = deps;
    const reported = successReports.isWanted(transaction)
      ? await reportedMessage(message, deps)
      : undefined;
    const committed = await commit(message, built, deps);
    if ("refusal" in committed) {
      await staged.discard();
      return committed.refusal;
    }
    const { envelopes } = committed;
    logAcceptance(message, envelopes, deps);
    if (reported !== undefined) await successReports.send(reported, transaction, envelopes);
    return queuedAs(queueId);
  } catch (error) {
    await staged.discard();
    deps.log.error("mta.not-stored", error, { queueId, from: transaction.sender });
    const refusal = replyToStoreFailure(error);
    if (refusal === undefined) throw error;
    return refusal;
  }
}

/** By a rule, or /dev/null in an alias file: dropped because somebody wants it so (Invariant 5). */
async function discard(
  { transaction, queueId, staged }: FinishedMessage,
  { log }: Pick<AcceptDeps, "log">,
): Promise<Reply> {
  await staged.discard();
  log.info("mta.discarded", { queueId, from: transaction.sender, to: namesOf(transaction) });
  return queuedAs(queueId);
}

type Committed = { readonly envelopes: readonly Envelope[] } | { readonly refusal: Reply };

async function commit(
  message: FinishedMessage,
  { envelopes, wishes }: BuiltEnvelopes,
  deps: AcceptDeps,
): Promise<Committed> {
  const { staged, transaction } = message;
  const { store, clock } = deps;
  const receivedAtMs = clock.nowMs();
  try {
    await store.accept({ message: staged, receivedAtMs, envelopes });
    return { envelopes };
  } catch (error) {
    if (!isMailError(error, "over-quota")) throw error;
    const refusals = transaction.recipients.map(({ resolution }) =>
      fullMailbox(resolution, staged.sizeOctets, store.directory),
    );
    // As at RCPT, had the size been known: who is refused now needs no report later.
    const refusal = refusals[0];
    if (refusal !== undefined && !refusals.includes(undefined)) return { refusal };
    const fitting = withoutFullMailboxes(envelopes, staged.sizeOctets, store.directory, wishes);
    if (fitting === undefined) throw error;
    await store.accept({ message: staged, receivedAtMs, envelopes: fitting });
    return { envelopes: fitting };
  }
}

function bodyOf({ transaction, is8Bit }: FinishedMessage): Envelope["body"] {
  const declared = transaction.params.body ?? "7bit";
  return declared === "7bit" && is8Bit === true ? "8bitmime" : declared;
}

/** Its head is read now: once accepted, the octets are the store's. */
async function reportedMessage(
  { transaction, queueId, staged }: FinishedMessage,
  { clock }: AcceptDeps,
): Promise<ReportedMessage> {
  const head = await staged.head(REPORTED_OCTETS);
  return {
    queueId,
    reversePath: transaction.sender,
    envid: transaction.params.envid,
    ret: transaction.params.ret,
    arrivedAtMs: clock.nowMs(),
    sizeOctets: staged.sizeOctets,
    submittedBy: transaction.account?.address,
    tls: transaction.params.requireTls === true ? "required" : undefined,
    priority: transaction.params.priority ?? 0,
    read: (maxOctets) => Promise.resolve(head.subarray(0, maxOctets)),
  };
}

function queuedAs(queueId: string): Reply {
  // Programs look for these words.
  return reply(250, "2.0.0", `Ok: queued as ${queueId}`);
}

function namesOf(transaction: Transaction): string[] {
  return transaction.recipients.map(({ text }) => text);
}

function logAcceptance(
  message: FinishedMessage,
  envelopes: readonly Envelope[],
  { log, clock }: AcceptDeps,
): void {
  const { session, transaction, queueId, staged } = message;
  log.info("mta.accepted", {
    queueId,
    from: transaction.sender,
    sizeOctets: staged.sizeOctets,
    client: session.peer.address,
    helo: session.helo,
    tls: session.tls?.protocol ?? "none",
    account: transaction.account?.address,
    recipients: transaction.recipients.length,
    queued: envelopes.reduce((sum, envelope) => sum + envelope.recipients.length, 0),
  });
  for (const envelope of envelopes) {
    for (const { recipient } of envelope.deliveries) {
      log.info("mta.outcome", {
        queueId: envelope.queueId,
        from: envelope.reversePath,
        to: recipient,
        relay: "local",
        delayMs: Math.max(0, clock.nowMs() - transaction.startedMs),
        dsn: "2.1.5",
        status: "delivered",
        reply: "stored in the mailbox",
      });
    }
  }
}
