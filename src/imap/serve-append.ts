/**
 * APPEND: messages flow from the wire to the handler as they come, so a message costs no memory
 * here. A refused message that the client sends all the same (LITERAL+) is read and dropped, never
 * taken for commands.
 */

import { appendReaderAt, readAppendHead, readAppendMessage } from "./command/append.ts";
import type { AppendMessage } from "./command/append.ts";
import { bad, no, type Completion } from "./completion.ts";
import { completionOfError, logError } from "./completion-of-error.ts";
import type { Connection } from "./connection.ts";
import type { AppendTransaction } from "./handler.ts";
import { check } from "./session.ts";
import type { DecoderEvent } from "./wire/decoder.ts";
import type { LiteralAnnouncement, RawCommand } from "./wire/raw-command.ts";

type Announced = Extract<DecoderEvent, { type: "message" }>;

/** Carries the command through to its answer, or returns undefined when the input ended. */
export async function serveAppend(
  connection: Connection,
  first: Announced,
): Promise<Completion | undefined> {
  const append = new Append(connection);
  try {
    return await append.run(first);
  } finally {
    await append.abort();
  }
}

class Append {
  readonly #connection: Connection;
  #transaction: AppendTransaction | undefined;
  #isUtf8Open = false;
  #hasFailed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async abort(): Promise<void> {
    await this.#transaction?.abort();
  }

  async run(first: Announced): Promise<Completion | undefined> {
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
          await this.#take("end");
          break;
        case "command":
          return this.#commit(event.command);
        case "fault":
          return event.completion;
        case "continue":
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
      logError(this.#connection.options.log, error, { verb: "APPEND" });
      refusal = completionOfError(error);
    }
    if (refusal === undefined) return;
    this.#hasFailed = true;
    this.#connection.decoder.refuseRest(refusal);
  }

  async #begin(raw: RawCommand, literal: LiteralAnnouncement): Promise<Completion | undefined> {
    const illegal = check(this.#connection.session.phase, "APPEND");
    if (illegal !== undefined) return illegal;
    const message = await this.#readHead(raw);
    if ("status" in message) return message;
    if (literal.octets > this.#connection.appendLimitOctets) {
      return no("The message is too big", "TOOBIG");
    }
    const refusal = await this.#transaction?.begin(message, literal.octets);
    if (refusal !== undefined) return refusal;
    this.#isUtf8Open = message.isUtf8;
    if (literal.isSynchronizing) this.#connection.out.line("+ Send the message");
    this.#connection.decoder.acceptMessage();
    return undefined;
  }

  /** Reads what stands before the message, and opens the transaction with the first. */
  async #readHead(raw: RawCommand): Promise<AppendMessage | Completion> {
    const reader = appendReaderAt(raw, this.#connection.parseOptions);
    if (this.#isUtf8Open) reader.expect(")");
    if (this.#transaction !== undefined) {
      const message = readAppendMessage(reader);
      return reader.fault ?? message;
    }
    const head = readAppendHead(reader);
    if (reader.fault !== undefined) return reader.fault;
    const opened = await this.#connection.handler.append(head.mailbox);
    if ("status" in opened) return opened;
    this.#transaction = opened;
    return head.message;
  }

  async #commit(raw: RawCommand): Promise<Completion> {
    const rest = (raw.texts.at(-1) ?? "").trim();
    if (this.#transaction === undefined || rest !== (this.#isUtf8Open ? ")" : "")) {
      return bad("Expected a message literal or the end of the command");
    }
    return this.#transaction.commit();
  }
}
