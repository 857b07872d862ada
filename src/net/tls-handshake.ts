/**
 * Turns a connected socket into a TLS one, on either side, within a time limit. All failures come
 * out as MailError `tls-failed` with a reason for the log; the socket is then destroyed.
 */

import { isIP } from "node:net";
import type { Socket } from "node:net";
import { connect, TLSSocket } from "node:tls";
import type { ResumableTls, TlsSession, TlsWish } from "../base/channel.ts";
import { MailError } from "../base/errors.ts";
import type { ServerTls } from "./server-tls.ts";
import { describeSocketError } from "./socket-errors.ts";
import { describeTls } from "./tls-session.ts";

export type SecuredSocket = { readonly socket: TLSSocket; readonly session: TlsSession };

/** The server's side of a handshake. */
export function acceptTls(raw: Socket, tls: ServerTls, timeoutMs: number): Promise<SecuredSocket> {
  const socket = new TLSSocket(raw, tls.socketOptions());
  return settle(socket, "secure", timeoutMs, () => {
    const asked = (socket as { servername?: unknown }).servername;
    return describeTls(
      socket,
      typeof asked === "string" ? asked : undefined,
      clientCertificateProblem(socket),
    );
  });
}

/** The client's side. `trust` adds to the platform's anchors (a self-signed server of one's own). */
export function requestTls(
  raw: Socket,
  wish: TlsWish,
  timeoutMs: number,
  trust?: readonly string[],
): Promise<SecuredSocket> {
  // RFC 6066 §3: an address is never sent as server name, but it is what the certificate must show.
  const isAddress = isIP(wish.serverName) !== 0;
  const { resume } = wish;
  const socket = connect({
    socket: raw,
    ...(resume !== undefined && { session: Buffer.from(resume.octets) }),
    host: wish.serverName,
    ...(!isAddress && { servername: wish.serverName }),
    minVersion: "TLSv1.2",
    rejectUnauthorized: wish.verify,
    ...(trust !== undefined && { ca: [...trust] }),
  });
  const kept = keepSessions(socket, wish);
  return settle(socket, "secureConnect", timeoutMs, () => {
    const found = socket.authorized ? undefined : (socket.authorizationError ?? "not verified");
    const shown = describeTls(socket, wish.serverName, found);
    // A resumed session shows no certificate anew: what was found at first is what counts.
    const session = resume !== undefined && shown.isResumed ? { ...shown, ...resume.peer } : shown;
    kept(session);
    // TLS 1.2: the ticket stays good, and a new one is not given.
    if (resume !== undefined && session.isResumed && session.protocol !== "TLSv1.3") {
      wish.onResumable?.(resume);
    }
    return session;
  });
}

/** Hands on the sessions that the server gives, once the handshake is known to be good. */
function keepSessions(socket: TLSSocket, wish: TlsWish): (session: TlsSession) => void {
  const { onResumable } = wish;
  if (onResumable === undefined) return () => {};
  let early: Buffer | undefined;
  let peer: ResumableTls["peer"] | undefined;
  socket.on("session", (octets: Buffer) => {
    if (peer === undefined) early = octets;
    else onResumable({ octets: new Uint8Array(octets), peer });
  });
  return ({ peerVerified, peerName, peerMailAddress, peerProblem }) => {
    peer = { peerVerified, peerName, peerProblem, ...(peerMailAddress && { peerMailAddress }) };
    if (early !== undefined) onResumable({ octets: new Uint8Array(early), peer });
  };
}

function settle(
  socket: TLSSocket,
  event: "secure" | "secureConnect",
  timeoutMs: number,
  describe: () => TlsSession,
): Promise<SecuredSocket> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const fail = (reason: string, cause?: unknown): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      socket.destroy();
      reject(new MailError("tls-failed", `TLS handshake failed: ${reason}`, { cause }));
    };
    const timer = setTimeout(() => fail(`not finished within ${timeoutMs} ms`), timeoutMs);
    // Stays for the socket's life: an `error` nobody listens to would end the process.
    socket.on("error", (error) => fail(describeSocketError(error), error));
    const onEnd = (): void => fail("the other side closed the connection");
    socket.once("end", onEnd).once("close", onEnd);
    socket.once(event, () => {
      if (isOver) return;
      try {
        const session = describe();
        isOver = true;
        clearTimeout(timer);
        socket.off("end", onEnd).off("close", onEnd);
        resolve({ socket, session });
      } catch (error) {
        fail(describeSocketError(error), error);
      }
    });
  });
}

/** OpenSSL's verdict on the client's certificate. Where it can't be had, the certificate counts as unverified. */
function clientCertificateProblem(socket: TLSSocket): unknown {
  const { ssl } = socket as { ssl?: { verifyError?: () => Error | null } };
  if (typeof ssl?.verifyError !== "function") return "not verified";
  return ssl.verifyError() ?? undefined;
}
