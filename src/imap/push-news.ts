/**
 * Tells news while the client is silent between two commands, for those who asked for it with NOTIFY
 * (RFC 5465). Never while a command is under way, and never two at a time: responses must not mix.
 */

import { isConnectionLost, logError } from "./completion-of-error.ts";
import type { Connection } from "./connection.ts";

/** Changes that come close together are told together. */
const GATHER_MS = 10;

export class NewsPusher {
  readonly #connection: Connection;
  readonly #stopListening: () => void;
  #cancelTimer: (() => void) | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#stopListening = connection.handler.onUpdate(() => this.#gather());
  }

  stop(): void {
    this.#stopListening();
    this.#cancelTimer?.();
  }

  /** A command is over: what it left untold may be told now. */
  lookAgain(): void {
    this.#gather();
  }

  #gather(): void {
    if (this.#connection.handler.pushScope() === undefined) return;
    this.#cancelTimer ??= this.#connection.options.clock.setTimer(GATHER_MS, () => {
      this.#cancelTimer = undefined;
      const connection = this.#connection;
      if (connection.pushing !== undefined) return this.#gather();
      const { isWaiting, isServing, isOver, decoder } = connection;
      // What comes while a command runs is told with its answer.
      if (!isWaiting || isServing || isOver || !decoder.isBetweenCommands) return;
      connection.pushing = this.#push().finally(() => (connection.pushing = undefined));
    });
  }

  async #push(): Promise<void> {
    const { handler, out, options } = this.#connection;
    const scope = handler.pushScope();
    if (scope === undefined) return;
    try {
      // There is no tag to speak of.
      const told = await handler.sendUpdates(this.#connection.context("*"), scope);
      if (told === "gone") this.#connection.bye("The selected mailbox is gone");
      await out.flush();
      if (told === "gone") await this.#connection.channel.close();
    } catch (error) {
      // A connection that is lost is noticed where it is read.
      if (!isConnectionLost(error)) logError(options.log, error, { verb: "NOTIFY" });
    }
  }
}
