/**
 * APPEND and REPLACE: messages flow from the wire to the handler as they come, so a message costs no
 * memory here. A refused message that the client sends all the same (LITERAL+) is read and dropped,
 * never taken for commands.
 */

import { appendSteps, type AppendState, type AppendStep } from "./command/append.ts";
import { bad, no, UID_REQUIRED, type Completion } from "./completion.ts";
import { completionOfError, logError } from "./completion-of-error.ts";
import type { Connection } from "./connection.ts";
import type { AppendTransaction } from "./handler.ts";
import { check } from "./session.ts";
import { ArgumentReader } from "./wire/argument-reader.ts";
import type { DecoderEvent } from "./wire/decoder.ts";
import type { LiteralAnnouncement, RawCommand } from "./wire/raw-command.ts";

/** Carries the command through to its answer, or returns undefined when the input ended. */
export async function serveAppend(
  connection: Connection,
  first: Extract<DecoderEvent, { type: "message" | "command" }>,
  { verb, isUid }: Pick<AppendState, "verb" | "isUid">,
): Promise<Completion | undefined> {
  const append = new Append(connection, first.command.tag, {
    verb,
    isUid,
    after: "nothing",
    messages: 0,
  });
  try {
    return await append.run(first);
  } finally {
    await append.abort();
  }
}

class Append {
  readonly #connection: Connection;
  readonly #state: AppendState;
  #transaction: AppendTransaction | undefined;
  /** Texts of the command that have been read. */
  #readTexts = 0;
  #hasFailed = false;
  readonly #tag: string;

  constructor(connection: Connection, tag: string, state: AppendState) {
    this.#connection = connection;
    this.#tag = tag;
    this.#state = state;
  }

  async abort(): Promise<void> {
    await this.#transaction?.abort();
  }

  async run(first: DecoderEvent): Promise<Completion | undefined> {
    let event: DecoderEvent | undefined = first;
    while (event !== undefined) {
      switch (event.type) {
        case "message": {
          const refusal = await this.#begin(event.command, event.literal);
          if (refusal !== undefined) this.#connection.decoder.refuseMessage(refusal);
          break;
        }
        case "message-data":
          await this.#take(event.octets);
          break;
        case "message-end":
          // A part's end is not the message's.
          if (!this.#state.after.endsWith("part")) await this.#take("end");
          break;
        case "command":
          return this.#commit(event.command);
        case "fault":
          return event.completion;
        case "continue":
          // A URL, or the name of the mailbox, comes as a literal.
          this.#connection.out.line("+ Go on");
          break;
        case "line":
          return bad("Unexpected input");
        case "hopeless":
          this.#connection.bye(event.problem);
          return undefined;
      }
      event = await this.#connection.next();
    }
    return undefined;
  }

  /** A failing disk must not make the rest of the message look like commands. */
  async #take(octets: Uint8Array | "end"): Promise<void> {
    if (this.#hasFailed) return;
    let refusal: Completion | undefined;
    try {
      if (octets === "end") refusal = await this.#transaction?.end();
      else await this.#transaction?.write(octets);
    } catch (error) {
      refusal = this.#refusalOf(error);
    }
    if (refusal === undefined) return;
    this.#hasFailed = true;
    this.#connection.decoder.refuseRest(refusal);
  }

  #refusalOf(error: unknown): Completion {
    logError(this.#connection.options.log, error, { verb: this.#state.verb });
    return completionOfError(error);
  }

  async #begin(raw: RawCommand, literal: LiteralAnnouncement): Promise<Completion | undefined> {
    const refusal = await this.#readOn(raw, literal);
    if (refusal !== undefined) return refusal;
    if (literal.isSynchronizing) this.#connection.out.line("+ Send the message");
    this.#connection.decoder.acceptMessage();
    return undefined;
  }

  async #commit(raw: RawCommand): Promise<Completion> {
    const refusal = await this.#readOn(raw, undefined);
    if (refusal !== undefined) return refusal;
    return this.#transaction === undefined ? bad("Expected a message") : this.#transaction.commit();
  }

  /** Takes the steps up to `literal`, or to the end of the command. A Completion ends it. */
  async #readOn(
    raw: RawCommand,
    literal: LiteralAnnouncement | undefined,
  ): Promise<Completion | undefined> {
    const illegal = check(this.#connection.session.phase, this.#state.verb);
    if (illegal !== undefined) return illegal;
    const { verb, isUid } = this.#state;
    const { isUidOnly } = this.#connection.session.enabled;
    if (verb === "REPLACE" && !isUid && isUidOnly) return UID_REQUIRED;
    const from = this.#readTexts;
    this.#readTexts = raw.texts.length;
    const rest = { ...raw, texts: raw.texts.slice(from), literals: raw.literals.slice(from) };
    const reader = new ArgumentReader(rest, this.#connection.parseOptions);
    let last: AppendStep["step"] | undefined;
    try {
      for (const step of appendSteps(reader, this.#state, literal === undefined)) {
        if (reader.fault !== undefined) return reader.fault;
        last = step.step;
        const refusal = await this.#takeStep(step, literal);
        if (refusal !== undefined) return refusal;
      }
    } catch (error) {
      return this.#refusalOf(error);
    }
    if (reader.fault !== undefined) return reader.fault;
    return last === (literal === undefined ? "end" : "literal")
      ? undefined
      : bad("Expected a message literal or the end of the command");
  }

  async #takeStep(
    step: AppendStep,
    literal: LiteralAnnouncement | undefined,
  ): Promise<Completion | undefined> {
    const transaction = this.#transaction;
    switch (step.step) {
      case "target": {
        const opened = await this.#connection.handler.append(
          step.mailbox,
          step.replaced,
          this.#connection.context(this.#tag),
        );
        if ("status" in opened) return opened;
        this.#transaction = opened;
        return undefined;
      }
      case "message":
        if (!step.isCatenated && this.#isTooBig(0, literal)) return TOO_BIG;
        return transaction?.begin(step.message, step.isCatenated ? undefined : literal?.octets);
      case "url":
        return transaction?.appendUrl(step.url);
      case "catenated":
        return transaction?.end();
      case "literal":
        return this.#isTooBig(transaction?.stagedOctets ?? 0, literal) ? TOO_BIG : undefined;
      case "end":
        return undefined;
    }
  }

  #isTooBig(staged: number, literal: LiteralAnnouncement | undefined): boolean {
    return staged + (literal?.octets ?? 0) > this.#connection.appendLimitOctets;
  }
}

const TOO_BIG: Completion = no("The message is too big", "TOOBIG");
