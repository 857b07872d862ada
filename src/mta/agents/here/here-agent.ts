/**
 * Delivers on this host, outside our mailboxes: to commands, Maildirs and mbox files; and answers for
 * the transports `error` and `discard`. What a message looks like there: Return-Path, Delivered-To and
 * LF line ends. Delivered-To of the recipient in the message already is a loop (mta.md 22).
 */

import type { Clock } from "../../../base/clock.ts";
import { lowerAscii } from "../../../base/bytes.ts";
import type { Commands } from "../../../base/commands.ts";
import { isMailError } from "../../../base/errors.ts";
import type { Log } from "../../../base/log.ts";
import type { Random } from "../../../base/random.ts";
import type { Store } from "../../../store/contract.ts";
import type { QueueJob, QueuedMessage, QueueRecipient } from "../../../store/queue.ts";
import type { MtaConfig } from "../../config.ts";
import { deliveryPrefix } from "../../reception/build-envelopes.ts";
import { traceFacts, type TraceFacts } from "../../reception/trace-facts.ts";
import type { AgentTransport } from "../../routing/choose-route.ts";
import type { FileConfig, PipeConfig } from "../../transport.ts";
import { deliverToMaildir } from "../maildir/deliver-to-maildir.ts";
import { deliverToMbox } from "../mbox/deliver-to-mbox.ts";
import type { RecipientOutcome } from "../outcome.ts";
import { commandEnvironment } from "../pipe/command-environment.ts";
import { verdictOf } from "../pipe/sysexits.ts";
import { asText, queuedContent } from "../remote/queued-content.ts";
import {
  deliveryFacts,
  fillPath,
  fillWord,
  placeholdersIn,
  type DeliveryFacts,
} from "./delivery-facts.ts";
import { deferredHere, failedHere, outcomeHere, type HereVerdict } from "./local-outcome.ts";
import { chooseUser } from "./system-user.ts";
import { unixLines } from "../../../message/mbox/line-ends.ts";

export type HereDeps = {
  readonly store: Pick<Store, "octets">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Without it no commands are run. */
  readonly commands?: Commands;
};

/** Enough of a message to see where it has been. */
const HEADER_OCTETS = 256 * 1024;

/** Then the rest of a job waits for another turn: its lease must not lapse under it. */
const JOB_MS = 15 * 60_000;
const NOT_YET: HereVerdict = deferredHere("4.3.2", "Others came first; it waits for its turn.");

export class HereAgent {
  readonly #deps: HereDeps;
  readonly #config: Pick<MtaConfig, "hostname" | "recipientDelimiter">;

  constructor(deps: HereDeps, config: Pick<MtaConfig, "hostname" | "recipientDelimiter">) {
    this.#deps = deps;
    this.#config = config;
  }

  /** One outcome for each recipient of the job, one after the other. */
  async deliverBy(transport: AgentTransport, job: QueueJob): Promise<readonly RecipientOutcome[]> {
    const { clock } = this.#deps;
    const facts = await this.#traceOf(job.message);
    const startedMs = clock.monotonicMs();
    const outcomes: RecipientOutcome[] = [];
    for (const recipient of job.recipients) {
      const isLate = clock.monotonicMs() - startedMs > JOB_MS;
      const outcome = isLate
        ? {
            ...outcomeHere(recipient, NOT_YET, transport.kind, clock, startedMs),
            attempt: undefined,
          }
        : await this.#deliverOne(transport, job.message, recipient, facts);
      outcomes.push(outcome);
    }
    return outcomes;
  }

  async #traceOf(message: QueuedMessage): Promise<TraceFacts> {
    const end = Math.min(HEADER_OCTETS, message.sizeOctets);
    return traceFacts(await this.#deps.store.octets.read(message.messageId, 0, end));
  }

  async #deliverOne(
    transport: AgentTransport,
    message: QueuedMessage,
    recipient: QueueRecipient,
    { deliveredTo }: TraceFacts,
  ): Promise<RecipientOutcome> {
    const { clock } = this.#deps;
    const startedMs = clock.monotonicMs();
    const verdict = deliveredTo.has(lowerAscii(recipient.recipient))
      ? failedHere("5.4.6", "The message has been delivered there before: it goes in circles.")
      : await this.#deliver(transport, message, recipient);
    const outcome = outcomeHere(recipient, verdict, transport.kind, clock, startedMs);
    return transport.kind === "discard" ? { ...outcome, mustReportSuccess: false } : outcome;
  }

  async #deliver(
    transport: AgentTransport,
    message: QueuedMessage,
    recipient: QueueRecipient,
  ): Promise<HereVerdict> {
    switch (transport.kind) {
      case "error": {
        const { code, status, text } = transport.reply;
        return code < 500 ? deferredHere(status, text) : failedHere(status, text);
      }
      case "discard":
        this.#deps.log.info("mta.discarded", {
          queueId: message.queueId,
          from: message.reversePath,
          to: [recipient.recipient],
          because: "transport discard",
        });
        return { kind: "delivered", status: "2.0.0", problem: "discarded: a route says so" };
      case "pipe":
        return this.#toCommand(transport, message, recipient);
      case "maildir":
      case "mbox":
        return this.#toFile(transport, message, recipient);
    }
  }

  async #toCommand(
    config: PipeConfig,
    message: QueuedMessage,
    recipient: QueueRecipient,
  ): Promise<HereVerdict> {
    const facts = this.#factsOf(message, recipient);
    const words: string[] = [];
    for (const word of config.command) {
      const filled = fillWord(word, facts);
      if (filled === undefined) {
        return failedHere("5.1.3", "The address cannot be handed to a command.");
      }
      words.push(filled);
    }
    const { commands } = this.#deps;
    if (commands === undefined) return deferredHere("4.3.5", "No command can be run here.");
    const chosen = await chooseUser(config.user, commands.ownUid);
    if (!chosen.ok) return deferredHere("4.3.5", `No command is run: ${chosen.problem}.`);
    try {
      const { timeoutMs, memoryOctets } = config;
      const environment = commandEnvironment(facts);
      const input = this.#lines(message, recipient);
      const { user } = chosen;
      return verdictOf(
        await commands.run({ words, environment, user, timeoutMs, memoryOctets, input }),
      );
    } catch (error) {
      if (!isMailError(error, "refused")) throw error;
      return deferredHere("4.3.5", `The command could not be started: ${error.message}`);
    }
  }

  async #toFile(
    config: FileConfig & { readonly kind: "maildir" | "mbox" },
    message: QueuedMessage,
    recipient: QueueRecipient,
  ): Promise<HereVerdict> {
    const facts = this.#factsOf(message, recipient);
    const path = fillPath(config.path, facts);
    if (path === undefined) return failedHere("5.1.1", "There is no such user here.");
    const chosen = await chooseUser(config.user, this.#deps.commands?.ownUid);
    if (!chosen.ok) return deferredHere("4.3.5", `No file is written: ${chosen.problem}.`);
    const delivery = {
      path,
      sender: message.reversePath,
      nowMs: this.#deps.clock.nowMs(),
      lines: () => this.#lines(message, recipient),
      owner: chosen.user,
      mayMake: !placeholdersIn(config.path).includes("user"),
    };
    if (config.kind === "mbox") return deliverToMbox(delivery, this.#deps);
    const { hostname } = this.#config;
    const subfolder = config.detailFolder && facts.detail !== "" ? facts.detail : undefined;
    return deliverToMaildir({ ...delivery, hostname, subfolder }, this.#deps);
  }

  #factsOf(message: QueuedMessage, recipient: QueueRecipient): DeliveryFacts {
    const original = recipient.originalRecipient ?? "";
    return deliveryFacts(
      {
        sender: message.reversePath,
        recipient: recipient.recipient,
        originalRecipient: original.slice(original.indexOf(";") + 1) || recipient.recipient,
        queueId: message.queueId,
      },
      this.#config.recipientDelimiter,
    );
  }

  async *#lines(message: QueuedMessage, { recipient }: QueueRecipient): AsyncGenerator<Uint8Array> {
    const prefix = deliveryPrefix(message.reversePath, recipient, message.prefix);
    const content = queuedContent({ ...message, prefix }, this.#deps.store.octets);
    yield* unixLines((await asText(content)).chunks());
  }
}
