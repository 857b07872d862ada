/**
 * Stands before another agent: mail that is to be given back at a time (RFC 2852, mode R) is not
 * delivered after it.
 */

import type { Clock } from "../../base/clock.ts";
import type { QueueJob, QueueRecipient } from "../../store/queue.ts";
import type { DeliveryAgent, RecipientOutcome } from "./outcome.ts";

export class DeadlineAgent implements DeliveryAgent {
  readonly #agent: DeliveryAgent;
  readonly #clock: Clock;

  constructor(agent: DeliveryAgent, clock: Clock) {
    this.#agent = agent;
    this.#clock = clock;
  }

  async deliver(job: QueueJob): Promise<readonly RecipientOutcome[]> {
    const { deliverBy } = job.message;
    const isOver = deliverBy?.mode === "return" && this.#clock.nowMs() >= deliverBy.untilMs;
    return isOver ? job.recipients.map(tooLate) : this.#agent.deliver(job);
  }
}

function tooLate(recipient: QueueRecipient): RecipientOutcome {
  return {
    recipient,
    kind: "failed",
    status: "5.4.7",
    problem: recipient.lastProblem ?? "It could not be delivered by the time you named.",
    remoteHost: undefined,
    diagnostic: undefined,
    mustReportSuccess: false,
    attempt: undefined,
    connectMs: 0,
    transferMs: 0,
  };
}
