/**
 * A Channel over a TCP or TLS socket. Input is taken as it comes up to a bound, then the socket is
 * paused; writes of one turn of the event loop leave in one system call; each wait has its limit.
 * Does not know any protocol, and never lets an error of a socket escape.
 */

import type { Socket } from "node:net";
import type { Channel, Endpoint, TlsSession, TlsWish } from "../base/channel.ts";
import { MailError } from "../base/errors.ts";
import { endpoint } from "./address.ts";
import { ChannelInput } from "./channel-input.ts";
import { ChannelOutput } from "./channel-output.ts";
import { describeSocketError } from "./socket-errors.ts";
import type { SecuredSocket } from "./tls-handshake.ts";

/** How a clear connection gets its TLS: the server's or the client's way. */
export type StartTls = {
  readonly side: "server" | "client";
  readonly secure: (raw: Socket, wish: TlsWish | undefined) => Promise<SecuredSocket>;
};

export type SocketChannelOptions = {
  /** Absent: the channel can't start TLS. */
  readonly startTls?: StartTls;
  /** The peer must take something within this time. Default five minutes (RFC 5321 §4.5.3.2). */
  readonly writeTimeoutMs?: number;
  readonly tls?: TlsSession;
  /** The true ends, where a proxy stands between. */
  readonly local?: Endpoint;
  readonly peer?: Endpoint;
};

const WRITE_TIMEOUT_MS = 300_000;
/** After our FIN: how long, and for how many octets, we listen to a peer that goes on talking. */
const LINGER_MS = 2_000;
const LINGER_OCTETS = 1_048_576;

export class SocketChannel implements Channel {
  readonly local: Endpoint;
  readonly peer: Endpoint;
  #tls: TlsSession | undefined;
  #socket: Socket;
  readonly #startTls: StartTls | undefined;
  readonly #input: ChannelInput;
  readonly #output: ChannelOutput;
  #state: "open" | "securing" | "closing" | "closed" = "open";
  #closing: Promise<void> | undefined;
  readonly #detach: (() => void)[] = [];

  constructor(socket: Socket, options: SocketChannelOptions = {}) {
    this.local = options.local ?? endpoint(socket.localAddress, socket.localPort);
    this.peer = options.peer ?? endpoint(socket.remoteAddress, socket.remotePort);
    this.#tls = options.tls;
    this.#socket = socket;
    this.#startTls = options.startTls;
    this.#input = new ChannelInput();
    this.#output = new ChannelOutput(options.writeTimeoutMs ?? WRITE_TIMEOUT_MS, () =>
      this.abort(),
    );
    this.#attach(socket);
  }

  get tls(): TlsSession | undefined {
    return this.#tls;
  }

  get pendingOctets(): number {
    return this.#input.pendingOctets;
  }

  read(timeoutMs: number): Promise<Uint8Array | undefined> {
    if (this.#state !== "open") {
      return Promise.reject(new MailError("channel-closed", "the connection is closed"));
    }
    return this.#input.read(timeoutMs);
  }

  write(octets: Uint8Array): Promise<void> {
    if (this.#state !== "open") {
      return Promise.reject(new MailError("channel-closed", "the connection is closed"));
    }
    this.#input.markAnswered();
    return this.#output.write(octets);
  }

  async startTls(wish?: TlsWish): Promise<TlsSession> {
    const how = this.#startTls;
    if (how === undefined || this.#tls !== undefined || this.#state !== "open") {
      this.abort();
      throw new MailError("tls-failed", "TLS can't be started on this connection");
    }
    this.#state = "securing";
    const raw = this.#socket;
    this.#output.flush();
    for (const detach of this.#detach.splice(0)) detach();
    raw.pause();
    // What came before our last answer is injected and dropped (CVE-2011-0411). What came after it
    // can only be the handshake, as a server sees it; a client has asked for nothing yet.
    const early = this.#input.takeUnanswered();
    if (how.side === "server" && early.length > 0) raw.unshift(early);
    try {
      const { socket, session } = await how.secure(raw, wish);
      if (this.#state !== "securing") {
        socket.destroy();
        throw new MailError("channel-closed", "the connection was closed during the handshake");
      }
      this.#socket = socket;
      this.#tls = session;
      this.#state = "open";
      this.#attach(socket);
      return session;
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    if (this.#state !== "open") {
      this.abort();
      return Promise.resolve();
    }
    this.#state = "closing";
    this.#input.fail(new MailError("channel-closed", "the connection is closed"));
    this.#closing = this.#finish(this.#socket);
    return this.#closing;
  }

  abort(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#socket.destroy();
    const reason = new MailError("channel-closed", "the connection was dropped");
    this.#input.fail(reason);
    this.#output.fail(reason);
  }

  /**
   * Sends what is queued and our FIN. A socket closed with input unread answers it with a reset,
   * which can destroy our last words on their way; so input is read and dropped for a little while.
   */
  #finish(socket: Socket): Promise<void> {
    return new Promise((resolve) => {
      if (socket.destroyed) return resolve();
      let dropped = 0;
      const limit = setTimeout(() => socket.destroy(), this.#output.writeTimeoutMs);
      socket.on("data", (octets: Uint8Array) => {
        dropped += octets.length;
        if (dropped > LINGER_OCTETS) socket.destroy();
      });
      socket.resume();
      socket.once("close", () => {
        clearTimeout(limit);
        clearTimeout(linger);
        resolve();
      });
      let linger: NodeJS.Timeout | undefined;
      this.#output.flush();
      socket.end(() => {
        if (socket.readableEnded) socket.destroy();
        else linger = setTimeout(() => socket.destroy(), LINGER_MS).unref();
        resolve();
      });
      socket.once("end", () => {
        if (socket.writableFinished) socket.destroy();
      });
    });
  }

  #attach(socket: Socket): void {
    this.#input.attach(socket);
    this.#output.attach(socket);
    const onData = (octets: Uint8Array): void => this.#input.push(octets);
    const onEnd = (): void => this.#input.end();
    const onDrain = (): void => this.#output.drained();
    const onError = (error: Error): void => this.#lost(describeSocketError(error), error);
    const onClose = (): void => this.#lost("connection closed by the other side");
    socket.on("data", onData).on("end", onEnd).on("drain", onDrain);
    socket.on("error", onError).on("close", onClose);
    this.#detach.push(() => {
      socket.off("data", onData).off("end", onEnd).off("drain", onDrain);
      socket.off("error", onError).off("close", onClose);
      // The raw socket lives on under TLS: its errors show on the TLS socket too, but must be heard here.
      socket.on("error", () => {});
    });
  }

  #lost(reason: string, cause?: unknown): void {
    const failure = new MailError("channel-closed", reason, { cause });
    this.#input.fail(failure);
    this.#output.fail(failure);
  }
}
