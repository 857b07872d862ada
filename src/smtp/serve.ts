/**
 * The SMTP, submission and LMTP server over a Channel: decode, check, ask the handler, answer.
 * Opens no sockets and stores nothing; who may do what, and where mail goes, is the handler's.
 *
 * RFC 5321, RFC 6409, RFC 2033; extensions in `extensions.ts`.
 */

import { whenAborted } from "../base/when-aborted.ts";
import type { Channel } from "../base/channel.ts";
import { isMailError } from "../base/errors.ts";
import { CommandLoop } from "./command-loop.ts";
import type { SmtpHandler, SmtpSession } from "./handler.ts";
import * as replies from "./replies.ts";
import { makeSessionId, resolveOptions, type ServeOptions } from "./serve-options.ts";
import { ServerConnection } from "./server-connection.ts";
import { SessionOver } from "./session-over.ts";

/** Serves one connection to its end. Never rejects: whatever happens ends this session only (Invariant 9). */
export async function serveSmtp(
  channel: Channel,
  makeHandler: (session: SmtpSession) => SmtpHandler,
  options: ServeOptions,
): Promise<void> {
  const resolved = resolveOptions(options);
  const session = options.sessionId ?? makeSessionId(options.random);
  try {
    const connection = new ServerConnection(channel, makeHandler, resolved, session);
    const loop = new CommandLoop(connection);
    const onAbort = (): void => void connection.interrupt().catch(() => channel.abort());
    const forget = whenAborted(resolved.signal, onAbort);
    // Awaited here, not in a function of its own: each one that waits costs half a kilobyte a session.
    let over: SessionOver | undefined;
    try {
      await loop.run();
    } catch (error) {
      over = asSessionOver(connection, error);
    }
    await end(connection, over, loop.commands).finally(forget);
  } catch (error) {
    // The handler could not be made, or not be left in peace.
    resolved.log.error("smtp.session-failed", error, { session });
  }
  await channel.close();
}

async function end(
  connection: ServerConnection,
  over: SessionOver | undefined,
  commands: number,
): Promise<void> {
  try {
    if (over !== undefined) await partWith(connection, over);
  } finally {
    connection.log.info("smtp.closed", {
      ...connection.logFields(),
      reason: over?.reason,
      problem: over?.problem,
      commands,
      messages: connection.messages,
      octetsIn: connection.octetsIn,
    });
    try {
      if (connection.transaction !== undefined) connection.resetTransaction();
    } finally {
      connection.handler.close();
    }
  }
}

/** Says the last words, if any. */
async function partWith(connection: ServerConnection, over: SessionOver): Promise<void> {
  try {
    if (over.parting !== undefined) connection.send(over.parting);
    await connection.flush();
  } catch (error) {
    // The peer has gone without waiting for the answer.
    if (!isMailError(error)) throw error;
  }
}

function asSessionOver(connection: ServerConnection, error: unknown): SessionOver {
  const isInterrupted = connection.options.signal?.aborted === true;
  if (error instanceof SessionOver) {
    return error.reason === "lost" && isInterrupted ? new SessionOver("shutdown") : error;
  }
  if (isInterrupted) return new SessionOver("shutdown");
  if (isMailError(error)) {
    const reason = error.code === "tls-failed" ? "tls-failed" : "lost";
    return new SessionOver(reason, undefined, error.message);
  }
  connection.log.error("smtp.session-failed", error, connection.logFields());
  return new SessionOver("bug", replies.OUR_BUG);
}
