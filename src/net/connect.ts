/** Outgoing connections as Channels: one address, one attempt, one time limit. */

import { connect as connectSocket, isIP } from "node:net";
import type { Socket } from "node:net";
import type { Channel, TlsWish } from "../base/channel.ts";
import { MailError } from "../base/errors.ts";
import { SocketChannel } from "./socket-channel.ts";
import { describeSocketError } from "./socket-errors.ts";
import { requestTls } from "./tls-handshake.ts";

export type ConnectOptions = {
  /** An IP address; a name, which the operating system then looks up; or the path of a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** For the TCP connection, and again for the TLS handshake. */
  readonly timeoutMs: number;
  readonly localAddress?: string;
  /** TLS from the first octet. */
  readonly tls?: TlsWish;
  /** PEM certificates trusted instead of the platform's: a server with a certificate of its own making. */
  readonly trust?: readonly string[];
  readonly writeTimeoutMs?: number;
  readonly signal?: AbortSignal;
};

/** Rejects with MailError `connect-failed` or `tls-failed`. */
export async function connect(options: ConnectOptions): Promise<Channel> {
  const { tls, trust, timeoutMs, writeTimeoutMs } = options;
  const socket = await open(options);
  const common = { ...(writeTimeoutMs !== undefined && { writeTimeoutMs }) };
  if (tls !== undefined) {
    const secured = await requestTls(socket, tls, timeoutMs, trust);
    return new SocketChannel(secured.socket, { ...common, tls: secured.session });
  }
  return new SocketChannel(socket, {
    ...common,
    startTls: {
      side: "client",
      secure: (raw, wish) =>
        requestTls(raw, wish ?? { serverName: options.host, verify: true }, timeoutMs, trust),
    },
  });
}

function open(options: ConnectOptions): Promise<Socket> {
  const { host, port, timeoutMs, localAddress, signal } = options;
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown): void => {
      end();
      socket.destroy();
      const where = place(host, port);
      reject(new MailError("connect-failed", `connect to ${where}: ${reason}`, { cause }));
    };
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => fail("given up");
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    const socket = connectSocket({
      ...(host.startsWith("/") ? { path: host } : { host, port }),
      noDelay: true,
      keepAlive: true,
      allowHalfOpen: true,
      ...(localAddress !== undefined && { localAddress }),
    });
    // Stays for the socket's life: an `error` nobody listens to would end the process.
    socket.on("error", (error) => fail(describeSocketError(error), error));
    socket.once("connect", () => {
      end();
      resolve(socket);
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
  });
}

function place(host: string, port: number): string {
  if (host.startsWith("/")) return host;
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
