/**
 * The SMTP, submission and LMTP server over a Channel: decode, check, ask the handler, answer.
 * Opens no sockets and stores nothing; who may do what, and where mail goes, is the handler's.
 *
 * RFC 5321, RFC 6409, RFC 2033; extensions in `extensions.ts`.
 */

import type { Channel } from "../base/channel.ts";
import { isMailError } from "../base/errors.ts";
import { CommandLoop } from "./command-loop.ts";
import type { SmtpHandler, SmtpSession } from "./handler.ts";
import * as replies from "./replies.ts";
import { resolveOptions, type ServeOptions } from "./serve-options.ts";
import { ServerConnection } from "./server-connection.ts";
import { SessionOver } from "./session-over.ts";

/** Serves one connection to its end. Never rejects: whatever happens ends this session only. */
export async function serveSmtp(
  channel: Channel,
  makeHandler: (session: SmtpSession) => SmtpHandler,
  options: ServeOptions,
): Promise<void> {
  const resolved = resolveOptions(options);
  const connection = new ServerConnection(channel, makeHandler, resolved);
  const loop = new CommandLoop(connection);
  const onAbort = (): void => void connection.interrupt().catch(() => channel.abort());
  resolved.signal?.addEventListener("abort", onAbort, { once: true });
  let reason = "bug";
  try {
    await loop.run();
  } catch (error) {
    reason = await partWith(connection, error);
  } finally {
    resolved.signal?.removeEventListener("abort", onAbort);
    if (connection.transaction !== undefined) connection.resetTransaction();
    connection.handler.close();
    await channel.close();
    connection.log.info("smtp.closed", {
      ...connection.logFields(),
      reason,
      commands: loop.commands,
      messages: connection.messages,
      octetsIn: connection.octetsIn,
    });
  }
}

/** Says the last words, if any, and tells why the session ended. */
async function partWith(connection: ServerConnection, error: unknown): Promise<string> {
  const over = asSessionOver(connection, error);
  try {
    if (over.parting !== undefined) connection.send(over.parting);
    await connection.flush();
  } catch (writeError) {
    // The peer has gone without waiting for the answer.
    if (!isMailError(writeError)) connection.log.error("smtp.session-failed", writeError);
  }
  return over.reason;
}

function asSessionOver(connection: ServerConnection, error: unknown): SessionOver {
  const isInterrupted = connection.options.signal?.aborted === true;
  if (error instanceof SessionOver) {
    return error.reason === "lost" && isInterrupted ? new SessionOver("shutdown") : error;
  }
  if (isInterrupted) return new SessionOver("shutdown");
  if (isMailError(error))
    return new SessionOver(error.code === "tls-failed" ? "tls-failed" : "lost");
  connection.log.error("smtp.session-failed", error, connection.logFields());
  return new SessionOver("bug", replies.OUR_BUG);
}
