/**
 * What an operator wants of recipients instead of an attempt: an end (`expire`), or a new look at
 * where their address leads (`requeue`). Answers with outcomes as an agent does; what is requeued is
 * delivered into an envelope with a queue id of its own.
 */

import type { Clock } from "../../base/clock.ts";
import { concatBytes } from "../../base/bytes.ts";
import type { Random } from "../../base/random.ts";
import { parseAddress } from "../../message/addr-spec.ts";
import type { Acceptance, Envelope } from "../../store/acceptance.ts";
import type { OctetStore } from "../../store/octets.ts";
import type { QueuedMessage, QueueJob, QueueRecipient } from "../../store/queue.ts";
import type { RecipientOutcome } from "../agents/outcome.ts";
import type { MtaConfig } from "../config.ts";
import type { ForwardedSender } from "../forwarding/forwarded-sender.ts";
import { makeQueueId } from "../queue-id.ts";
import { buildEnvelopes } from "../reception/build-envelopes.ts";
import { traceFacts, type TraceFacts } from "../reception/trace-facts.ts";
import { Transaction } from "../reception/transaction.ts";
import type { AddressResolver } from "../resolution/address-resolver.ts";
import { withAsciiDomain } from "../resolution/ascii-domain.ts";
import { refusalOf } from "../resolution/resolution.ts";
import { copyOfRow } from "./copy-of-row.ts";

export type WishDeps = {
  readonly addresses: AddressResolver;
  readonly octets: Pick<OctetStore, "read">;
  readonly clock: Clock;
  readonly random: Random;
  readonly forwarded: Pick<ForwardedSender, "of">;
};

type Verdict = Pick<RecipientOutcome, "kind" | "status" | "problem" | "acceptance">;

/** Enough of a message to see where it has been. */
const HEADER_OCTETS = 256 * 1024;
const EXPIRED = "the operator has ended the attempts";

export class OperatorWishes {
  readonly #deps: WishDeps;
  readonly #config: Pick<MtaConfig, "routes" | "smarthost">;

  constructor(deps: WishDeps, config: Pick<MtaConfig, "routes" | "smarthost">) {
    this.#deps = deps;
    this.#config = config;
  }

  /** For a job whose recipients all have the wish `expire` or `requeue`. */
  async carryOut(job: QueueJob): Promise<readonly RecipientOutcome[]> {
    const { message, recipients } = job;
    if (recipients.every(({ wish }) => wish === "expire")) {
      return recipients.map((recipient) => outcomeOf(recipient, expired(recipient)));
    }
    const size = Math.min(HEADER_OCTETS, message.sizeOctets);
    const facts = traceFacts(await this.#deps.octets.read(message.messageId, 0, size));
    return recipients.map((recipient) =>
      outcomeOf(recipient, this.#anew(message, recipient, facts)),
    );
  }

  #anew(message: QueuedMessage, recipient: QueueRecipient, facts: TraceFacts): Verdict {
    const { addresses, clock, random } = this.#deps;
    const address = parseAddress(recipient.recipient);
    if (!address.ok) {
      return { kind: "failed", status: "5.1.3", problem: `${recipient.recipient} is no address.` };
    }
    const resolution = addresses.resolve(address.value, {
      reversePath: message.reversePath,
      account: message.submittedBy,
    });
    const refusal = refusalOf(resolution);
    if (refusal !== undefined) {
      const kind = refusal.code < 500 ? "deferred" : "failed";
      return { kind, status: refusal.status, problem: refusal.text };
    }
    const sender = parseAddress(message.reversePath);
    const transaction = new Transaction(
      sender.ok ? sender.value : "null",
      { envid: message.envid, ret: message.ret },
      undefined,
      clock.nowMs(),
    );
    const params = { notify: recipient.notify, orcpt: recipient.originalRecipient };
    transaction.recipients.push({
      text: recipient.recipient,
      params,
      resolution: copyOfRow(resolution, recipient, withAsciiDomain(address.value)),
    });
    const built = buildEnvelopes({
      transaction,
      queueId: makeQueueId(random),
      body: message.body,
      needsSmtpUtf8: message.smtpUtf8,
      facts,
      config: this.#config,
      forwarded: this.#deps.forwarded,
    });
    if (built.envelopes.length === 0 && built.loops.length > 0) {
      return { kind: "failed", status: "5.4.6", problem: "The mail goes in circles." };
    }
    return {
      kind: "delivered",
      status: "2.0.0",
      problem: `requeued as ${built.envelopes.map(({ queueId }) => queueId).join(", ")}`,
      acceptance: requeued(message, built.envelopes),
    };
  }
}

function expired({ lastProblem }: QueueRecipient): Verdict {
  const problem = lastProblem === undefined ? EXPIRED : `${EXPIRED}; the last said: ${lastProblem}`;
  return { kind: "failed", status: "4.4.7", problem };
}

/** What the sender asked for, and the fields put before it, go on. */
function requeued(message: QueuedMessage, envelopes: readonly Envelope[]): Acceptance | undefined {
  if (envelopes.length === 0) return undefined;
  const { tls, deliverBy, hasLongLines, priority, submittedBy } = message;
  return {
    message: { stored: message.messageId },
    receivedAtMs: message.arrivedAtMs,
    envelopes: envelopes.map((envelope) => ({
      ...envelope,
      tls,
      deliverBy,
      hasLongLines,
      priority,
      submittedBy,
      prefix: concatBytes([message.prefix, envelope.prefix]),
      deliveries: envelope.deliveries.map((delivery) => ({
        ...delivery,
        prefix: concatBytes([delivery.prefix, message.prefix]),
      })),
    })),
  };
}

function outcomeOf(recipient: QueueRecipient, verdict: Verdict): RecipientOutcome {
  return {
    recipient,
    ...verdict,
    remoteHost: undefined,
    diagnostic: undefined,
    mustReportSuccess: false,
    attempt: undefined,
    connectMs: 0,
    transferMs: 0,
  };
}
