/**
 * The loop of an IMAP server: decode, check, ask the handler, answer. Commands are carried out one
 * after another in the order they came (RFC 9051 §5.5), their answers leave together when no further
 * command is waiting. No sockets, no store.
 */

import { tlsLabel } from "../base/tls-label.ts";
import { whenAborted } from "../base/when-aborted.ts";
import type { Channel } from "../base/channel.ts";
import { isMailError, unreachable } from "../base/errors.ts";
import { enable } from "./capability.ts";
import type { Command, Verb } from "./command/command.ts";
import type { IdCommand } from "./command/id.ts";
import { parseCommand } from "./command/parse.ts";
import { bad, okay, UID_REQUIRED, type Completion } from "./completion.ts";
import { completionOfError, isConnectionLost, logError } from "./completion-of-error.ts";
import { Connection } from "./connection.ts";
import type { ImapHandler, MailCommand } from "./handler.ts";
import { NewsPusher } from "./push-news.ts";
import { needsNumbers } from "./needs-numbers.ts";
import { serveAppend } from "./serve-append.ts";
import { serveCompress } from "./serve-compress.ts";
import { serveIdle } from "./serve-idle.ts";
import { serveAuthenticate, serveLogin, serveStartTls } from "./serve-login.ts";
import { LOGIN_DEADLINE_MS, type ImapOptions } from "./serve-options.ts";
import { serveUnauthenticate } from "./serve-unauthenticate.ts";
import { check, updatesAfter } from "./session.ts";
import type { DecoderEvent } from "./wire/decoder.ts";
import type { RawCommand } from "./wire/raw-command.ts";

/** Commands in a row that make no sense, after which we stop listening. */
const MAX_FAULTS = 20;

/** Guesses in one connection; the login guard counts over all of them. */
const MAX_REFUSED_LOGINS = 6;

/** These may run so long that it matters whether the client is still there. */
const LONG_RUNNING: ReadonlySet<Verb> = new Set(["SEARCH", "ESEARCH", "SORT", "THREAD", "FETCH"]);

/** One step of the store's, of which nobody knows how far it is; they write whole lines between waits. */
const ONE_STEP: ReadonlySet<Verb> = new Set(["COPY", "MOVE", "EXPUNGE", "STORE"]);

const SHUTTING_DOWN = "The server is shutting down";

/** Serves one connection until its end. Never rejects: what goes wrong ends this session alone (Invariant 9). */
export async function serveImap(
  channel: Channel,
  handler: ImapHandler,
  options: ImapOptions,
): Promise<void> {
  const connection = new Connection(channel, handler, options);
  const { clock, shutdown, loginDeadlineMs = LOGIN_DEADLINE_MS } = options;
  const beganMs = clock.monotonicMs();
  // A session that is in the middle of a command ends after it.
  const stop = (): void => {
    if (connection.isWaiting) void sayGoodbye(connection, SHUTTING_DOWN);
  };
  let cancelDeadline = (): void => {};
  const startDeadline = (): void => {
    cancelDeadline();
    cancelDeadline = clock.setTimer(loginDeadlineMs, () => {
      if (connection.session.phase === "anonymous") void sayGoodbye(connection, "Not logged in");
    });
  };
  connection.onLoggedOut = startDeadline;
  startDeadline();
  const pusher = new NewsPusher(connection);
  const forget = whenAborted(shutdown, stop);
  try {
    await serveSession(connection, pusher);
  } catch (error) {
    await endAfter(connection, error);
  } finally {
    cancelDeadline();
    pusher.stop();
    forget();
    options.log.info("imap.session-ended", {
      tls: tlsLabel(connection.channel.tls),
      durationMs: Math.round(clock.monotonicMs() - beganMs),
      octetsRead: connection.octetsRead,
      octetsWritten: connection.octetsWritten,
    });
    await handler.close().catch((error: unknown) => options.log.error("imap.close-failed", error));
    await connection.channel.close();
  }
}

async function serveSession(connection: Connection, pusher: NewsPusher): Promise<void> {
  const { out, options } = connection;
  if (options.refusal !== undefined || options.shutdown?.aborted) {
    connection.bye(options.refusal ?? SHUTTING_DOWN);
    return out.flush();
  }
  out.line(`* OK [CAPABILITY ${connection.capabilities()}] ${options.hostName} Posthorn ready`);
  while (!connection.isOver) {
    const event = await connection.next();
    await connection.pushing;
    if (event === undefined || connection.isOver) break;
    connection.isServing = true;
    await serveEvent(connection, event);
    connection.isServing = false;
    pusher.lookAgain();
    await out.relieve();
    if (connection.refusedLogins >= MAX_REFUSED_LOGINS) connection.bye("Too many failed logins");
    if (connection.faults >= MAX_FAULTS) connection.bye("Too many commands made no sense");
    if (options.shutdown?.aborted) connection.bye(SHUTTING_DOWN);
  }
  await out.flush();
}

async function serveEvent(connection: Connection, event: DecoderEvent): Promise<void> {
  switch (event.type) {
    case "command":
      return serveCommand(connection, event.command);
    case "continue":
      connection.out.line("+ Go on");
      return;
    case "message":
      return serveMessages(connection, event);
    case "fault":
      connection.out.completion(event.tag, event.completion);
      connection.faults++;
      return;
    case "hopeless":
      connection.bye(event.problem);
      return;
    case "line":
    case "message-data":
    case "message-end":
      connection.bye("Unexpected input");
      return;
    default:
      return unreachable(event);
  }
}

const APPENDS: ReadonlySet<string> = new Set(["APPEND", "REPLACE", "UID REPLACE"]);

async function serveMessages(
  connection: Connection,
  first: Extract<DecoderEvent, { type: "message" | "command" }>,
): Promise<void> {
  const { name, tag } = first.command;
  const verb = name === "APPEND" ? "APPEND" : "REPLACE";
  const isUid = name.startsWith("UID ");
  const completion = await guarded(connection, verb, () =>
    serveAppend(connection, first, { verb, isUid }),
  );
  if (completion === undefined) connection.isOver = true;
  else await finish(connection, { tag, verb }, completion);
}

async function serveCommand(connection: Connection, raw: RawCommand): Promise<void> {
  const { tag } = raw;
  // One that is put together of URLs alone has no literal.
  if (APPENDS.has(raw.name)) return serveMessages(connection, { type: "command", command: raw });
  const parsed = parseCommand(raw, connection.parseOptions);
  if (!parsed.ok) {
    connection.out.completion(tag, parsed.completion);
    connection.faults++;
    return;
  }
  const { command } = parsed;
  const illegal = check(connection.session.phase, command.verb);
  if (illegal !== undefined) return connection.complete(tag, command.verb, illegal);
  if (connection.session.enabled.isUidOnly && needsNumbers(command)) {
    return connection.complete(tag, command.verb, UID_REQUIRED);
  }
  if (command.verb === "STARTTLS") return serveStartTls(connection, tag);
  if (command.verb === "COMPRESS") return serveCompress(connection, tag, command);
  if (command.verb === "UNAUTHENTICATE") return serveUnauthenticate(connection, tag);
  const completion = await guarded(connection, command.verb, () => run(connection, tag, command));
  const isUid = "isUid" in command && command.isUid;
  await finish(connection, { tag, verb: command.verb, isUid }, completion);
}

/** Commands that the engine answers itself; the rest is the handler's. */
async function run(connection: Connection, tag: string, command: Command): Promise<Completion> {
  const { out, session } = connection;
  if (command.verb === "NOOP") return okay("Nothing done");
  if (command.verb === "CAPABILITY") {
    out.line(`* CAPABILITY ${connection.capabilities()}`);
    return okay("These");
  }
  if (command.verb === "LOGOUT") {
    connection.bye("Good bye");
    return okay("Logged out");
  }
  if (command.verb === "ENABLE") {
    const isHidden = connection.hidden;
    const isOffered = (name: string): boolean =>
      !isHidden.has(name) && (name !== "UIDONLY" || connection.options.offersUidOnly === true);
    const names = command.names.filter(isOffered);
    out.line(["* ENABLED", ...enable(names, session.enabled)].join(" "));
    out.isUtf8 = session.enabled.isUtf8;
    return okay("Enabled");
  }
  if (
    command.verb === "STARTTLS" ||
    command.verb === "COMPRESS" ||
    command.verb === "UNAUTHENTICATE"
  ) {
    return bad("Not here");
  }
  if (command.verb === "LOGIN") return serveLogin(connection, command);
  if (command.verb === "AUTHENTICATE") return serveAuthenticate(connection, command);
  if (command.verb === "ID") return serveId(connection, command);
  if (command.verb === "IDLE") return serveIdle(connection, tag);
  return runMail(connection, tag, command);
}

async function runMail(
  connection: Connection,
  tag: string,
  command: MailCommand,
): Promise<Completion> {
  if (LONG_RUNNING.has(command.verb)) connection.watch();
  const context = connection.context(tag);
  if (ONE_STEP.has(command.verb)) context.progress.start();
  try {
    return await connection.handler.run(command, context);
  } finally {
    context.progress.stop();
  }
}

function serveId(connection: Connection, command: IdCommand): Completion {
  const { out, handler } = connection;
  handler.identified(command.fields);
  // RFC 2971 §3.1: always an answer, well-formed: some programs do not go on without.
  const fields = [...handler.identification];
  out.text("* ID ").text(fields.length === 0 ? "NIL" : "(");
  fields.forEach(([name, value], index) => {
    out
      .text(index === 0 ? "" : " ")
      .string(name)
      .text(" ")
      .string(value);
  });
  out.line(fields.length === 0 ? "" : ")");
  return okay("Pleased to meet you");
}

/** Changes that may be told now, then the tagged answer. */
async function finish(
  connection: Connection,
  command: { readonly tag: string; readonly verb: Verb; readonly isUid?: boolean },
  completion: Completion,
): Promise<void> {
  const { tag, verb, isUid = false } = command;
  const scope = updatesAfter(verb, isUid);
  const isDue = scope !== "none" || connection.handler.pushScope() !== undefined;
  if (connection.session.phase !== "anonymous" && !connection.isOver && isDue) {
    const context = connection.context(tag);
    if ((await connection.handler.sendUpdates(context, scope)) === "gone") {
      connection.bye("The selected mailbox is gone");
    }
  }
  connection.complete(tag, verb, completion);
}

/** Environment failures and our bugs become NO; a lost connection ends the session. */
async function guarded<T>(
  connection: Connection,
  verb: Verb,
  work: () => Promise<T>,
): Promise<T | Completion> {
  try {
    return await work();
  } catch (error) {
    if (isConnectionLost(error)) throw error;
    logError(connection.options.log, error, { verb });
    return completionOfError(error);
  }
}

async function endAfter(connection: Connection, error: unknown): Promise<void> {
  const { log } = connection.options;
  if (isMailError(error, "channel-timeout")) {
    return sayGoodbye(connection, "Nothing heard for too long");
  }
  if (isMailError(error, "channel-closed")) return log.debug("imap.connection-lost");
  if (isMailError(error, "tls-failed"))
    return log.info("imap.tls-failed", { problem: error.message });
  log.error("imap.session-failed", error);
  return sayGoodbye(connection, "Internal error");
}

async function sayGoodbye(connection: Connection, text: string): Promise<void> {
  try {
    connection.bye(text);
    await connection.out.flush();
  } catch {
    // The peer is gone already; there is nobody to tell.
  }
  await connection.channel.close();
}
