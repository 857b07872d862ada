/**
 * Takes the octets of one message: holds the header section back until it is whole, looks for
 * loops, puts Received before it (and completes a submission), stages all, and at the end hands
 * over to `acceptMessage`. Whatever goes wrong, the staged octets are given up.
 *
 * Return-Path fields that a message brings along stay as they are: RFC 5321 §4.4 only allows their
 * removal, a signature may cover them, and ours comes first.
 */

import { isAscii } from "../../base/bytes.ts";
import type { MessageSink } from "../../smtp/handler.ts";
import type { Reply } from "../../smtp/reply.ts";
import type { StagedMessage } from "../../store/octets.ts";
import type { FinishedMessage } from "./accept-message.ts";
import { HeaderGate, type HeldHeader } from "./header-gate.ts";
import { LongLines } from "./long-lines.ts";
import { HEADER_TOO_LONG, replyToStoreFailure, TOO_MANY_HOPS } from "./refusals.ts";
import { traceFacts, type TraceFacts } from "./trace-facts.ts";

export type SinkPlan = {
  readonly staged: StagedMessage;
  /** The Received field. */
  readonly trace: Uint8Array;
  /** For a submission: the header section as it shall be stored. */
  readonly complete: ((header: Uint8Array) => Uint8Array) | undefined;
  /** Look whether there are octets over 127: nobody has said. */
  readonly looksFor8Bit: boolean;
  /** Look whether there are lines that not every next host takes. */
  readonly looksForLongLines: boolean;
  readonly maxHeaderOctets: number;
  readonly maxReceivedFields: number;
  /** Sees the header section (or its first part, if it is too long) as it came. */
  readonly onHeader?: (header: Uint8Array) => void;
  /** The content will not be finished, though some of it came. */
  readonly onGivenUp: () => unknown;
  /** Commits. Called once, with everything staged. */
  readonly accept: (
    finished: Pick<FinishedMessage, "facts" | "is8Bit" | "hasLongLines">,
  ) => Promise<readonly Reply[]>;
};

export class ReceivingSink implements MessageSink {
  readonly #plan: SinkPlan;
  #gate: HeaderGate | undefined;
  #facts: TraceFacts | undefined;
  #refusal: Reply | undefined;
  #is8Bit: boolean | undefined;
  readonly #longLines: LongLines | undefined;

  constructor(plan: SinkPlan) {
    this.#plan = plan;
    this.#gate = new HeaderGate(plan.maxHeaderOctets);
    this.#is8Bit = plan.looksFor8Bit ? false : undefined;
    this.#longLines = plan.looksForLongLines ? new LongLines() : undefined;
  }

  async write(octets: Uint8Array): Promise<void> {
    if (this.#refusal !== undefined) return;
    if (this.#is8Bit === false) this.#is8Bit = !isAscii(octets);
    this.#longLines?.push(octets);
    if (this.#gate === undefined) return this.#stage([octets]);
    const held = this.#gate.push(octets);
    if (held !== undefined) await this.#passGate(held);
  }

  async end(): Promise<readonly Reply[]> {
    if (this.#gate !== undefined) await this.#passGate(this.#gate.finish());
    if (this.#refusal !== undefined || this.#facts === undefined) {
      await this.#plan.staged.discard();
      return [this.#refusal ?? TOO_MANY_HOPS];
    }
    const hasLongLines = this.#longLines?.found === true;
    return this.#plan.accept({ facts: this.#facts, is8Bit: this.#is8Bit, hasLongLines });
  }

  abort(): void {
    this.#gate = undefined;
    this.#plan.onGivenUp();
    // Nobody waits for the disk here; a spool file left behind goes at the next start.
    this.#plan.staged.discard().catch(() => {});
  }

  async #passGate({ octets, headerOctets, isCut }: HeldHeader): Promise<void> {
    this.#gate = undefined;
    const { complete, trace, maxReceivedFields } = this.#plan;
    const header = octets.subarray(0, headerOctets);
    this.#facts = traceFacts(header);
    this.#plan.onHeader?.(header);
    // RFC 5321 §6.3
    if (this.#facts.receivedFields > maxReceivedFields) {
      this.#refusal = TOO_MANY_HOPS;
      return;
    }
    if (complete === undefined) return this.#stage([trace, octets]);
    if (isCut) {
      this.#refusal = HEADER_TOO_LONG;
      return;
    }
    await this.#stage([trace, complete(header), octets.subarray(headerOctets)]);
  }

  /** A disk that fails now makes a refusal at the end; the octets until there are swallowed. */
  async #stage(parts: readonly Uint8Array[]): Promise<void> {
    try {
      for (const part of parts) if (part.length > 0) await this.#plan.staged.write(part);
    } catch (error) {
      this.#refusal = replyToStoreFailure(error);
      if (this.#refusal === undefined) throw error;
    }
  }
}
