/**
 * IDLE (RFC 2177): changes are told as they come until the client says DONE. Every two minutes or so
 * an untagged OK keeps NATs and phones from forgetting the connection.
 */

import { decodeLatin1 } from "../base/bytes.ts";
import { bad, okay, type Completion } from "./completion.ts";
import type { Connection } from "./connection.ts";
import { KEEP_ALIVE_MS } from "./serve-options.ts";

/** Changes that come close together are told together. */
const GATHER_MS = 10;

export async function serveIdle(connection: Connection, tag: string): Promise<Completion> {
  const { handler, decoder, out } = connection;
  out.line("+ idling");
  decoder.expectLine();
  const alarm = new IdleAlarm(connection);
  try {
    for (;;) {
      const event = decoder.next();
      if (event?.type === "line") return endIdle(connection, event.octets);
      if (event !== undefined) {
        connection.bye(event.type === "hopeless" ? event.problem : "Expected DONE");
        return bad("Expected DONE");
      }
      if ((await handler.sendUpdates(connection.context(tag), "all")) === "gone") {
        connection.bye("The selected mailbox is gone");
        return okay("IDLE ended");
      }
      await out.flush();
      connection.isWaiting = true;
      await alarm.rung();
      const woken = alarm.take();
      connection.isWaiting = false;
      if (woken.isKeepAlive) out.line("* OK Still here");
      if (woken.isEnd) {
        connection.isOver = true;
        return okay("IDLE ended");
      }
      if (woken.octets !== undefined) connection.push(woken.octets);
    }
  } finally {
    alarm.stop();
  }
}

/**
 * Anything but DONE ends the IDLE as well. Some iOS versions send their next command instead:
 * it is carried out rather than lost.
 */
function endIdle(connection: Connection, line: Uint8Array): Completion {
  const text = decodeLatin1(line).trim();
  if (text.toUpperCase() === "DONE") return okay("IDLE ended");
  if (/^[^ ]+ [A-Za-z]/.test(text)) connection.decoder.unreadLine(line);
  return bad("Expected DONE");
}

type Woken = {
  octets?: Uint8Array;
  /** The client has closed its side. */
  isEnd?: boolean;
  isKeepAlive?: boolean;
  error?: unknown;
};

/** Waits for input, a change, or the time to say something. */
class IdleAlarm {
  readonly #connection: Connection;
  readonly #stopListening: () => void;
  #cancelTimer: () => void;
  #cancelGather: (() => void) | undefined;
  #isReading = false;
  #pending: Woken | undefined;
  #wake: (() => void) | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#stopListening = connection.handler.onUpdate(() => this.#gather());
    this.#cancelTimer = this.#startTimer();
  }

  /** Resolves when something has happened since the last call; `take` tells what. */
  rung(): Promise<void> {
    this.#listen();
    if (this.#pending !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  take(): Woken {
    const woken = this.#pending ?? {};
    this.#pending = undefined;
    if (woken.error !== undefined) throw woken.error;
    return woken;
  }

  stop(): void {
    this.#stopListening();
    this.#cancelTimer();
    this.#cancelGather?.();
  }

  #listen(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#connection.read().then(
      (octets) => this.#read(octets === undefined ? { isEnd: true } : { octets }),
      (error: unknown) => this.#read({ error }),
    );
  }

  #read(woken: Woken): void {
    this.#isReading = false;
    this.#connection.readDone();
    this.#ring(woken);
  }

  #gather(): void {
    this.#cancelGather ??= this.#connection.options.clock.setTimer(GATHER_MS, () => {
      this.#cancelGather = undefined;
      this.#ring({});
    });
  }

  #startTimer(): () => void {
    const { clock, keepAliveMs = KEEP_ALIVE_MS } = this.#connection.options;
    return clock.setTimer(keepAliveMs, () => {
      this.#cancelTimer = this.#startTimer();
      this.#ring({ isKeepAlive: true });
    });
  }

  #ring(woken: Woken): void {
    this.#pending = { ...this.#pending, ...woken };
    this.#wake?.();
    this.#wake = undefined;
  }
}
