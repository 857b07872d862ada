/**
 * The server's loop: one command at a time, decoded, checked against the table of phases and the
 * session's policy, answered by its verb, counted. Errors beyond the limits slow a client down and
 * then end its session.
 */

import { banner } from "./banner.ts";
import { type Command, isHttp, parseCommand } from "./command.ts";
import { describePath } from "./describe-path.ts";
import { formatReply } from "./reply-encoder.ts";
import type { Reply } from "./reply.ts";
import * as replies from "./replies.ts";
import type { LineEvent, ServerConnection, Transaction } from "./server-connection.ts";
import { SessionOver } from "./session-over.ts";
import { check, isSpoken, type Verb } from "./session.ts";
import { isEmptyChunk, refuseBdat } from "./verbs/bdat.ts";
import { VERB_ANSWERS } from "./verbs/table.ts";

export class CommandLoop {
  readonly #connection: ServerConnection;
  commands = 0;
  #errors = 0;
  #junk = 0;
  /** As it was before the command at hand, which may have ended it. */
  #transaction: Transaction | undefined;

  constructor(connection: ServerConnection) {
    this.#connection = connection;
  }

  /** Ends by SessionOver or a channel's MailError, always. */
  async run(): Promise<never> {
    await this.#greet();
    for (;;) {
      this.#checkShutdown();
      await this.#serveOne(await this.#connection.nextLine());
      if (this.#connection.hasFullOutput) await this.#connection.flush();
    }
  }

  async #greet(): Promise<void> {
    const connection = this.#connection;
    const { options } = connection;
    if (options.signal?.aborted) throw new SessionOver("shutdown", replies.SHUTTING_DOWN);
    if (options.greetDelayMs > 0) await options.clock.sleep(options.greetDelayMs, options.signal);
    // RFC 5321 §3.1: the client waits for the banner. Worms and HTTP clients do not.
    if (options.refusesEarlyTalkers && connection.hasEarlyInput) {
      this.#logRefusal(undefined, replies.EARLY_TALKER);
      throw new SessionOver("early-talker", replies.EARLY_TALKER);
    }
    const refusal = await connection.ask(() => connection.handler.connect());
    if (refusal === undefined) return connection.send(banner(options));
    this.#logRefusal(undefined, refusal);
    // RFC 5321 §3.8: 421 closes. RFC 5321 §3.1: after 554 the client is waited for to QUIT.
    if (refusal.code === 421) throw new SessionOver("refused", refusal);
    connection.phase = "refused";
    connection.send({ code: refusal.code, lines: refusal.lines });
  }

  #checkShutdown(): void {
    const { options, phase } = this.#connection;
    const isIdle = phase === "connected" || phase === "ready" || phase === "refused";
    if (options.signal?.aborted && isIdle) throw new SessionOver("shutdown", replies.SHUTTING_DOWN);
  }

  async #serveOne(event: LineEvent): Promise<void> {
    const connection = this.#connection;
    this.commands++;
    if (this.commands > connection.options.limits.maxCommands) {
      throw new SessionOver("too-many-commands", replies.TOO_MANY_COMMANDS);
    }
    if (event.type === "overlong") return this.#refuse(undefined, replies.LINE_TOO_LONG);
    const command = parseCommand(event.octets);
    if ("refusal" in command) {
      if (event.octets[0] === TLS_HANDSHAKE) throw new SessionOver("not-smtp", replies.NOT_TLS);
      return this.#refuse(undefined, command.refusal);
    }
    if (isHttp(command)) {
      this.#logRefusal(command, replies.NOT_HTTP);
      throw new SessionOver("not-smtp", replies.NOT_HTTP);
    }
    this.#transaction = connection.transaction;
    const { verb } = command;
    if (verb === undefined || !isSpoken(verb, connection.options.protocol)) {
      return this.#refuse(command, unknownCommand(command));
    }
    const messages = connection.messages;
    const answers = await this.#answer(verb, command);
    for (const answer of answers) {
      if (answer.code >= 500) await this.#refuse(command, answer);
      else this.#accept(command, answer);
    }
    if (connection.messages > messages) this.#errors = this.#junk = 0;
    else await this.#countJunk(isJunk(verb, command) ? 1 : 0);
  }

  async #answer(verb: Verb, command: Command): Promise<readonly Reply[]> {
    const connection = this.#connection;
    const refusal = check(connection.phase, verb) ?? this.#checkPolicy(verb);
    // Its octets follow, whatever we say: they must not be read as commands (RFC 3030 §2).
    if (verb === "BDAT" && refusal !== undefined) {
      return refuseBdat(connection, command.argument, this.#outOfOrder(refusal));
    }
    if (refusal !== undefined) return [this.#outOfOrder(refusal)];
    const answer = await VERB_ANSWERS[verb](connection, command.argument);
    return Array.isArray(answer) ? (answer as readonly Reply[]) : [answer as Reply];
  }

  /** 530 where a command needs TLS or an identity first (RFC 3207 §4, RFC 6409 §4.3). */
  #checkPolicy(verb: Verb): Reply | undefined {
    const { options, session } = this.#connection;
    if (options.startTls === "required" && session.tls === undefined && !BEFORE_TLS.has(verb)) {
      return replies.TLS_FIRST;
    }
    if (options.isAuthRequired && session.identity === undefined && NEEDS_IDENTITY.has(verb)) {
      return replies.AUTH_FIRST;
    }
    return undefined;
  }

  /** Says it better where more is known than the phase. */
  #outOfOrder(refusal: Reply): Reply {
    const { options, transaction } = this.#connection;
    const isLmtp = options.protocol === "lmtp";
    if (refusal === replies.RECIPIENT_FIRST && (transaction?.refusedRecipients ?? 0) > 0) {
      // RFC 2033 §4.2 wants 503 where RFC 5321 §3.3 has 554.
      return isLmtp ? replies.NO_VALID_RECIPIENTS_LMTP : replies.NO_VALID_RECIPIENTS;
    }
    return refusal === replies.GREET_FIRST && isLmtp ? replies.GREET_FIRST_LMTP : refusal;
  }

  #accept(command: Command, answer: Reply): void {
    if (answer.code >= 400) this.#logRefusal(command, answer);
    this.#connection.send(answer);
    if (answer.code === 421) throw new SessionOver("closed-by-handler");
    if (answer.code === 221) throw new SessionOver("quit");
  }

  async #refuse(command: Command | undefined, answer: Reply): Promise<void> {
    const { limits, clock } = this.#connection.options;
    this.#logRefusal(command, answer);
    this.#connection.send(answer);
    this.#errors++;
    if (this.#errors >= limits.hardErrors) {
      throw new SessionOver("too-many-errors", replies.TOO_MANY_ERRORS);
    }
    if (this.#connection.authFailures >= limits.maxAuthFailures) {
      throw new SessionOver("too-many-auth-failures", replies.TOO_MANY_AUTH_FAILURES);
    }
    if (this.#errors >= limits.softErrors && limits.errorDelayMs > 0) {
      await clock.sleep(limits.errorDelayMs, this.#connection.options.signal);
    }
  }

  /**
   * What brings no message nearer. A transaction that was given up counts with all its recipients;
   * content sent for nothing is an error at once (security row 26).
   */
  async #countJunk(commands: number): Promise<void> {
    const { limits } = this.#connection.options;
    const { recipients, uploads } = this.#connection.takeAbandoned();
    const excess = Math.max(0, this.#junk + commands + recipients - limits.maxJunkCommands);
    this.#junk += commands + recipients - excess;
    if (excess + uploads === 0) return;
    this.#errors += excess + uploads;
    if (this.#errors >= limits.hardErrors) {
      throw new SessionOver("too-many-commands", replies.TOO_MANY_COMMANDS);
    }
  }

  #logRefusal(command: Command | undefined, answer: Reply): void {
    const connection = this.#connection;
    const transaction = this.#transaction;
    connection.log.info("smtp.refused", {
      ...connection.logFields(),
      // A word that is no verb may be a password that came too late, as an argument may (Invariant 8).
      command: command?.verb ?? "?",
      argument: hasSecret(command) ? undefined : command?.argument,
      from: transaction === undefined ? undefined : describePath(transaction.reversePath),
      reply: formatReply(answer),
    });
  }
}

/** The first octet of a TLS record that carries a ClientHello. */
const TLS_HANDSHAKE = 22;

const JUNK: ReadonlySet<Verb> = new Set([
  "NOOP",
  "RSET",
  "VRFY",
  "EXPN",
  "HELP",
  "ETRN",
  "HELO",
  "EHLO",
  "LHLO",
  "XFORWARD",
  "MAIL",
]);

const BEFORE_TLS: ReadonlySet<Verb> = new Set([
  "HELO",
  "EHLO",
  "LHLO",
  "STARTTLS",
  "NOOP",
  "RSET",
  "HELP",
  "QUIT",
]);

const NEEDS_IDENTITY: ReadonlySet<Verb> = new Set(["MAIL", "VRFY", "EXPN", "ETRN"]);

/** RFC 5321 appendix F.6 and its like: known, and not to be used. */
const OBSOLETE: ReadonlySet<string> = new Set(["TURN", "SEND", "SOML", "SAML", "ATRN", "BURL"]);

function isJunk(verb: Verb, { argument }: Command): boolean {
  return verb === "BDAT" ? isEmptyChunk(argument) : JUNK.has(verb);
}

function unknownCommand(command: Command): Reply {
  return OBSOLETE.has(command.word) ? replies.NOT_IMPLEMENTED : replies.UNKNOWN_COMMAND;
}

function hasSecret(command: Command | undefined): boolean {
  return command?.verb === undefined || command.verb === "AUTH";
}
