/**
 * One POP3 session over a Channel (RFC 1939), from banner to close. Decides nothing about mail or
 * accounts: that is the handler's. DELE takes effect in `Maildrop.update` at QUIT and nowhere else
 * (security row 92): a session that ends any other way removes nothing.
 */

import { whenAborted } from "../base/when-aborted.ts";
import type { Channel } from "../base/channel.ts";
import { isMailError, type MailError } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import { listCapabilities } from "./capabilities.ts";
import { parseCommand, type Pop3Command } from "./command.ts";
import type { Pop3Handler, ResponseCode } from "./handler.ts";
import {
  answerApop,
  answerAuth,
  answerPass,
  answerStls,
  answerUser,
  answerUtf8,
} from "./login-commands.ts";
import { answerInMaildrop } from "./maildrop-commands.ts";
import { Pop3Connection } from "./pop3-connection.ts";
import { Pop3Session, type Pop3Options, type SessionEnd } from "./pop3-session.ts";
import { checkPhase } from "./session.ts";

/** How the session went, for the log and for accounting. */
export type Pop3Summary = {
  readonly end: SessionEnd;
  readonly identity: string | undefined;
  readonly sentMessages: number;
  readonly sentOctets: number;
  readonly deletedMessages: number;
};

/** Resolves when the session is over and the channel closed. Never rejects: a failure is logged and ends this session alone. */
export async function servePop3(
  channel: Channel,
  handler: Pop3Handler,
  options: Pop3Options,
): Promise<Pop3Summary> {
  const connection = new Pop3Connection(channel, options.clock);
  const session = new Pop3Session(connection, handler, options);
  let deletedMessages = 0;
  const stopListening = endAtShutdown(session);
  try {
    connection.positive(`POP3 ready${handler.apop ? ` ${handler.apop.timestamp}` : ""}`);
    await converse(session);
    if (session.end === "shutdown") sayShutdown(session);
    if (session.end === "quit") deletedMessages = await update(session);
    await connection.flush();
    await channel.close();
  } catch (error) {
    session.end ??= isMailError(error, "channel-timeout") ? "timeout" : "closed";
    if (!isConnectionLoss(error)) {
      session.end = "failed";
      (options.log ?? silentLog).error("pop3.session-failed", error, { account: session.identity });
    }
    // In the middle of a response nothing true can be said any more.
    channel.abort();
  } finally {
    stopListening();
    await session.maildrop?.messages.release();
  }
  return {
    end: session.end ?? "closed",
    identity: session.identity,
    sentMessages: session.maildrop?.sentMessages ?? 0,
    sentOctets: session.maildrop?.sentOctets ?? 0,
    deletedMessages,
  };
}

/** Returns the function that ends the listening. */
function endAtShutdown(session: Pop3Session): () => void {
  const { shutdown } = session.options;
  const onShutdown = (): void => {
    session.end ??= "shutdown";
    if (!session.connection.isWaiting) return;
    sayShutdown(session);
    const hangUp = (): Promise<void> => session.channel.close();
    void session.connection.flush().then(hangUp, hangUp);
  };
  if (shutdown?.aborted) onShutdown();
  return whenAborted(shutdown, onShutdown);
}

function sayShutdown({ connection }: Pop3Session): void {
  connection.negative("the server is shutting down", "SYS/TEMP");
}

async function converse(session: Pop3Session): Promise<void> {
  const { connection, options } = session;
  while (session.end === undefined) {
    const input = await connection.nextLine(session.lineTimeoutMs);
    switch (input.type) {
      case "closed":
      case "timeout":
        // RFC 1939 §3: an autologout neither updates nor answers.
        session.end = input.type;
        return;
      case "too-long":
        refuse(session, "line too long");
        break;
      case "line": {
        const command = parseCommand(input.octets);
        const problem = command.ok
          ? checkPhase(session.phase, command.value.verb)
          : command.problem;
        if (problem !== undefined) refuse(session, problem);
        else if (command.ok) await answerSafely(session, command.value);
      }
    }
    await connection.relieve();
    if (session.badCommands > (options.maxBadCommands ?? 20) && session.end === undefined) {
      connection.negative("too many errors, goodbye");
      session.end = "too-many-errors";
    }
  }
}

function refuse(session: Pop3Session, problem: string): void {
  session.badCommands++;
  session.connection.negative(problem);
}

function isConnectionLoss(error: unknown): boolean {
  return isMailError(error) && (error.code.startsWith("channel-") || error.code === "tls-failed");
}

/** A store that fails is the client's to hear of, unless half of an answer is out already. */
async function answerSafely(session: Pop3Session, command: Pop3Command): Promise<void> {
  try {
    await answer(session, command);
  } catch (error) {
    if (!isMailError(error) || isConnectionLoss(error)) throw error;
    if (session.connection.isMidResponse) throw error;
    (session.options.log ?? silentLog).error("pop3.command-failed", error, { verb: command.verb });
    session.connection.negative("not possible now", failureCode(error));
  }
}

/** RFC 3206 §4 and §5 */
function failureCode(error: MailError): ResponseCode {
  return error.temporary ? "SYS/TEMP" : "SYS/PERM";
}

async function answer(session: Pop3Session, command: Pop3Command): Promise<void> {
  const { connection } = session;
  switch (command.verb) {
    case "USER":
      return answerUser(session, command);
    case "PASS":
      return answerPass(session, command);
    case "APOP":
      return answerApop(session, command);
    case "AUTH":
      return answerAuth(session, command);
    case "STLS":
      return answerStls(session);
    case "UTF8":
      return answerUtf8(session);
    case "CAPA":
      connection.positive("capabilities follow");
      for (const capability of listCapabilities(session)) connection.addLine(capability);
      return connection.addLine(".");
    case "LANG":
      return answerLang(session, command.language);
    case "QUIT":
      session.end = "quit";
      return;
    case "NOOP":
    case "STAT":
    case "LIST":
    case "UIDL":
    case "RETR":
    case "TOP":
    case "DELE":
    case "RSET":
      // The table of phases lets these through only once a maildrop is open.
      if (session.maildrop !== undefined)
        await answerInMaildrop(session, session.maildrop, command);
  }
}

/** RFC 6856 §3: English is what we speak. */
function answerLang({ connection }: Pop3Session, language: string | undefined): void {
  if (language === undefined) {
    connection.positive("languages follow");
    connection.addLine("en English");
    return connection.addLine(".");
  }
  if (language === "*" || /^(?:en|i-default)(?:-|$)/i.test(language)) {
    return connection.positive("en this is English");
  }
  connection.negative("only English is spoken here");
}

/** The UPDATE state (RFC 1939 §6): +OK only when the removal is on disk (Invariant 1). Returns how many went. */
async function update(session: Pop3Session): Promise<number> {
  const { connection, maildrop } = session;
  if (maildrop === undefined) {
    connection.positive("goodbye");
    return 0;
  }
  const { deleted, retrieved } = maildrop.outcome();
  try {
    await maildrop.messages.update(deleted, retrieved);
  } catch (error) {
    if (!isMailError(error)) throw error;
    (session.options.log ?? silentLog).error("pop3.update-failed", error, {
      account: session.identity,
      deleted: deleted.length,
    });
    connection.negative("the marked messages were not removed", failureCode(error));
    return 0;
  }
  connection.positive(`goodbye, ${maildrop.remaining.count} messages left`);
  return deleted.length;
}
