/**
 * Reports to the sender (RFC 3461, RFC 3464): from what came of some recipients to a message that
 * the store can accept in the same transaction. Decides who hears: the sender; for mail without a
 * sender, and for a sender who cannot be reached, the postmaster; for what was meant for the
 * postmaster already, nobody (security row 48, Invariant 6).
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import { isAscii } from "../../base/bytes.ts";
import { needsSmtpUtf8, parseAddress, type Address } from "../../message/addr-spec.ts";
import { parseHeader, textOf } from "../../message/header.ts";
import { makeMessageId, parseMessageIds } from "../../message/message-id.ts";
import { composeDsn, type DsnRecipient } from "../../message/report/dsn.ts";
import type { Acceptance } from "../../store/acceptance.ts";
import type { OctetStore } from "../../store/octets.ts";
import type { MtaConfig } from "../config.ts";
import { makeQueueId } from "../queue-id.ts";
import { buildEnvelopes } from "../reception/build-envelopes.ts";
import { NO_TRACE } from "../reception/trace-facts.ts";
import { Transaction } from "../reception/transaction.ts";
import type { AddressResolver } from "../resolution/address-resolver.ts";
import { refusalOf } from "../resolution/resolution.ts";
import type { ReportedMessage, ReportedRecipient, ReportKind } from "./reported.ts";
import { reportText } from "./report-text.ts";
import type { ReportTemplates } from "./report-templates.ts";

/** Marks mail for the postmaster about mail without a sender: if that fails too, nobody hears of it. */
export const DOUBLE_BOUNCE = "double-bounce";

export type ReporterDeps = {
  readonly octets: Pick<OctetStore, "stageOctets">;
  readonly resolver: AddressResolver;
  readonly templates: ReportTemplates;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type ReporterConfig = Pick<
  MtaConfig,
  "hostname" | "returnedOctets" | "routes" | "smarthost"
>;

const POSTMASTER: Address = { localPart: "postmaster", domain: "" };

export class Reporter {
  readonly #deps: ReporterDeps;
  readonly #config: ReporterConfig;

  constructor(deps: ReporterDeps, config: ReporterConfig) {
    this.#deps = deps;
    this.#config = config;
  }

  /** Undefined: nobody is to hear of it. */
  async makeReport(
    kind: ReportKind,
    message: ReportedMessage,
    recipients: readonly ReportedRecipient[],
  ): Promise<Acceptance | undefined> {
    const sender = parseAddress(message.reversePath);
    if (sender.ok) {
      const report = await this.#reportTo(sender.value, kind, message, recipients);
      if (report !== undefined) return report;
    }
    // Only a loss concerns the postmaster.
    if (kind !== "failed") return undefined;
    return this.toPostmaster(message, recipients);
  }

  /** A loss that nobody else can be told of (a double bounce). */
  async toPostmaster(
    message: ReportedMessage,
    recipients: readonly ReportedRecipient[],
  ): Promise<Acceptance | undefined> {
    const report =
      message.submittedBy === DOUBLE_BOUNCE
        ? undefined
        : await this.#reportTo(POSTMASTER, "failed", message, recipients);
    if (report === undefined) {
      this.#deps.log.warn("mta.unreported", {
        queueId: message.queueId,
        from: message.reversePath,
        to: recipients.map(({ recipient }) => recipient),
        problem: recipients[0]?.problem,
      });
      return undefined;
    }
    return {
      ...report,
      envelopes: report.envelopes.map((each) => ({ ...each, submittedBy: DOUBLE_BOUNCE })),
    };
  }

  async #reportTo(
    to: Address,
    kind: ReportKind,
    message: ReportedMessage,
    recipients: readonly ReportedRecipient[],
  ): Promise<Acceptance | undefined> {
    const { resolver, clock, random, octets } = this.#deps;
    const resolution = resolver.resolve(to, { reversePath: "", account: undefined });
    if (refusalOf(resolution) !== undefined) return undefined;
    const addressee = to.domain === "" ? { ...to, domain: this.#config.hostname } : to;
    const composed = await this.#compose(addressee, kind, message, recipients);
    // RFC 8689 §5: what must not be overheard must not be overheard coming back. RFC 6710 §4.5.
    const requireTls = message.tls === "required";
    const { priority } = message;
    const params = { requireTls, ...(priority !== 0 && { priority }) };
    const transaction = new Transaction("null", params, undefined, clock.nowMs());
    transaction.recipients.push({ text: message.reversePath, params: {}, resolution });
    const { envelopes } = buildEnvelopes({
      transaction,
      queueId: makeQueueId(random),
      body: isAscii(composed) ? "7bit" : "8bitmime",
      needsSmtpUtf8: needsSmtpUtf8(addressee),
      facts: NO_TRACE,
      config: this.#config,
    });
    if (envelopes.length === 0) return undefined;
    this.#deps.log.info("mta.report", {
      queueId: envelopes[0].queueId,
      about: message.queueId,
      kind,
      to: message.reversePath === "" ? "postmaster" : message.reversePath,
    });
    return { message: octets.stageOctets(composed), receivedAtMs: clock.nowMs(), envelopes };
  }

  async #compose(
    to: Address,
    kind: ReportKind,
    message: ReportedMessage,
    recipients: readonly ReportedRecipient[],
  ): Promise<Uint8Array> {
    const { hostname, returnedOctets } = this.#config;
    const facts = { kind, message, recipients, hostname, domain: to.domain };
    const nowMs = this.#deps.clock.nowMs();
    const octets = await message.read(returnedOctets);
    const isWhole = octets.length === message.sizeOctets;
    // RFC 3461 §6.2: only a failure gives the message back.
    const mayReturnAll = message.ret !== "headers" && message.tls !== "required";
    const ret = kind === "failed" && isWhole && mayReturnAll ? "full" : "headers";
    const header = parseHeader(octets);
    const [originalMessageId] = parseMessageIds(textOf(octets, header, "message-id") ?? "", 1);
    return composeDsn({
      from: {
        displayName: "Mail Delivery System",
        address: { localPart: "MAILER-DAEMON", domain: hostname },
      },
      to,
      dateMs: nowMs,
      messageId: makeMessageId(this.#deps.random, hostname),
      originalMessageId,
      ...reportText(facts, this.#deps.templates),
      reportingMta: hostname,
      envelopeId: message.envid,
      arrivalMs: message.arrivedAtMs,
      recipients: recipients.flatMap((each) => dsnRecipient(each, message.queueId)),
      returned: { octets, ret },
      isGlobal: needsSmtpUtf8(to),
    });
  }
}

function dsnRecipient(reported: ReportedRecipient, finalLogId: string): DsnRecipient[] {
  const address = parseAddress(reported.recipient);
  if (!address.ok) return [];
  const { originalRecipient, action, status, remoteHost, diagnostic } = reported;
  const { lastAttemptMs, willRetryUntilMs } = reported;
  return [
    {
      finalRecipient: address.value,
      originalRecipient,
      action,
      status,
      // A Unix socket has no name that the world could know.
      remoteMta: remoteHost?.startsWith("/") ? undefined : remoteHost,
      diagnostic,
      // No host said it, so a program of ours did.
      diagnosticType: remoteHost === undefined ? "x-unix" : "smtp",
      lastAttemptMs,
      willRetryUntilMs,
      finalLogId,
    },
  ];
}
