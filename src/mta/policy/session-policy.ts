/**
 * Policy for one session: gathers the facts, asks, writes each decision to the log with the rule's
 * name, and makes of it a refusal or a mark on the transaction.
 */

import type { Log } from "../../base/log.ts";
import type { SmtpSession } from "../../smtp/handler.ts";
import type { Reply } from "../../smtp/reply.ts";
import type { Service } from "../service.ts";
import type { HeaderTexts, Policy, Scene } from "./policy.ts";
import type { RuleAction, RuleStage } from "./rule.ts";
import type { TransactionMarks } from "./transaction-marks.ts";

export type MessageFacts = Pick<Scene, "sender" | "recipient" | "sizeOctets" | "header">;

export class SessionPolicy {
  readonly #policy: Policy;
  readonly #service: Service;
  readonly #session: SmtpSession;
  readonly #log: Log;
  clientName: string | undefined;

  constructor(policy: Policy, service: Service, session: SmtpSession, log: Log) {
    this.#policy = policy;
    this.#service = service;
    this.#session = session;
    this.#log = log;
  }

  get needsClientName(): boolean {
    return this.#policy.needsClientName;
  }

  has(stage: RuleStage): boolean {
    return this.#policy.has(stage);
  }

  readHeader(header: Uint8Array): HeaderTexts {
    return this.#policy.readHeader(header);
  }

  /** What the rules want done; `allow` where none fits. `helo`: not yet part of the session. */
  decide(
    stage: RuleStage,
    facts: MessageFacts = {},
    helo: string | undefined = this.#session.helo,
  ): RuleAction {
    if (!this.#policy.has(stage)) return ALLOW;
    const session = this.#session;
    const decision = this.#policy.decide(stage, {
      service: this.#service,
      clientAddress: session.peer.address,
      clientName: session.clientName ?? this.clientName,
      helo,
      isTls: session.tls !== undefined,
      account: session.identity,
      ...facts,
    });
    if (decision === undefined) return ALLOW;
    const { rule, action } = decision;
    this.#log.info("mta.rule", {
      rule,
      stage,
      action: action.type,
      client: session.peer.address,
      helo,
      account: session.identity,
      from: facts.sender,
      to: facts.recipient,
      reply: "reply" in action ? `${action.reply.code} ${action.reply.lines.join(" ")}` : undefined,
    });
    return action;
  }
}

const ALLOW: RuleAction = { type: "allow" };

/** The refusal, if it is one. */
export function refusalIn(action: RuleAction): Reply | undefined {
  return action.type === "refuse" || action.type === "defer" ? action.reply : undefined;
}

export function mark(marks: TransactionMarks, action: RuleAction): void {
  if (action.type === "hold") marks.heldBecause ??= action.reason;
  else if (action.type === "tag") marks.tag(action.field);
  else if (action.type === "discard") marks.isDiscarded = true;
}
