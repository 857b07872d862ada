/** The commands that only answer: RSET, NOOP, HELP, VRFY, EXPN, ETRN, QUIT. */

import { type Reply, reply } from "../reply.ts";
import * as replies from "../replies.ts";
import type { ServerConnection } from "../server-connection.ts";

export async function answerRset(connection: ServerConnection, argument: string): Promise<Reply> {
  if (argument !== "") return replies.NO_ARGUMENT;
  connection.resetTransaction();
  return replies.OK;
}

/** RFC 5321 §4.1.1.9: an argument is allowed and means nothing. */
export async function answerNoop(): Promise<Reply> {
  return replies.OK;
}

const HELP: Reply = reply(
  214,
  "2.0.0",
  "Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY EXPN HELP STARTTLS AUTH ETRN QUIT",
  "RFC 5321 says the rest",
);

export async function answerHelp(): Promise<Reply> {
  return HELP;
}

export async function answerVrfy(connection: ServerConnection, argument: string): Promise<Reply> {
  const { handler, options } = connection;
  if (handler.vrfy === undefined && options.unansweredVrfy === "refuse") {
    return replies.NOT_IMPLEMENTED;
  }
  if (argument === "") return replies.ARGUMENT_MISSING;
  // RFC 5321 §7.3: 252 gives nothing away.
  return handler.vrfy === undefined
    ? replies.CANNOT_VRFY
    : connection.ask(async () => handler.vrfy?.(argument) ?? replies.CANNOT_VRFY);
}

export async function answerExpn(connection: ServerConnection, argument: string): Promise<Reply> {
  const { handler } = connection;
  if (handler.expn === undefined) return replies.NOT_IMPLEMENTED;
  if (argument === "") return replies.ARGUMENT_MISSING;
  return connection.ask(async () => handler.expn?.(argument) ?? replies.NOT_IMPLEMENTED);
}

export async function answerEtrn(connection: ServerConnection, argument: string): Promise<Reply> {
  const { handler } = connection;
  if (handler.etrn === undefined) return replies.NOT_IMPLEMENTED;
  if (argument === "") return replies.ARGUMENT_MISSING;
  return connection.ask(async () => handler.etrn?.(argument) ?? replies.NOT_IMPLEMENTED);
}

/** RFC 5321 §4.1.1.10: an open transaction is given up; the loop closes after the answer. */
export async function answerQuit(_connection: ServerConnection, argument: string): Promise<Reply> {
  return argument === "" ? replies.BYE : replies.NO_ARGUMENT;
}
