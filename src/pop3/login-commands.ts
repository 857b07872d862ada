/** The commands of the AUTHORIZATION state: USER, PASS, APOP, AUTH, STLS, UTF8 (RFC 1939 §4 and §7, RFC 5034, RFC 2595 §4, RFC 6856 §2). */

import { decodeLatin1, encodeBase64 } from "../base/bytes.ts";
import { decodeInitialResponse, decodeResponseLine } from "../sasl/response-line.ts";
import type { ServerMechanism } from "../sasl/mechanism.ts";
import type { Outcome } from "../sasl/server-exchange.ts";
import type { Pop3Command } from "./command.ts";
import { OpenMaildrop, type Pop3Session } from "./pop3-session.ts";

type Of<Verb extends Pop3Command["verb"]> = Extract<Pop3Command, { readonly verb: Verb }>;

export function answerUser(session: Pop3Session, { name }: Of<"USER">): void {
  if (!session.mayShowPassword) return refuseInTheClear(session);
  session.name = name;
  session.phase = "named";
  // Whether there is such a name is nobody's business yet (security row 38).
  session.connection.positive("now PASS");
}

export async function answerPass(session: Pop3Session, { password }: Of<"PASS">): Promise<void> {
  if (!session.mayShowPassword) return refuseInTheClear(session);
  const name = session.name ?? "";
  session.name = undefined;
  session.phase = "authorization";
  await conclude(session, await session.handler.login(name, password));
}

export async function answerApop(session: Pop3Session, command: Of<"APOP">): Promise<void> {
  const { apop } = session.handler;
  if (apop === undefined) return session.connection.negative("APOP is not offered here");
  await conclude(session, await apop.login(command.name, command.digest));
}

export async function answerAuth(session: Pop3Session, command: Of<"AUTH">): Promise<void> {
  const { connection, handler } = session;
  const advertised = handler.mechanisms();
  if (command.mechanism === undefined) {
    // Before CAPA clients asked this way; Outlook Express still does.
    connection.positive("mechanisms follow");
    for (const name of advertised) connection.addLine(name);
    return connection.addLine(".");
  }
  const isAdvertised = advertised.includes(command.mechanism);
  const mechanism = isAdvertised ? handler.startMechanism(command.mechanism) : undefined;
  if (mechanism === undefined) {
    const inTheClear = session.canStartTls && advertised.length === 0;
    return connection.negative(inTheClear ? "use STLS first" : "unknown mechanism");
  }
  await conclude(session, await exchange(session, mechanism, command.initial));
}

/** RFC 5034 §4: challenges after `+ `, answers in base64, `*` gives up. */
async function exchange(
  session: Pop3Session,
  mechanism: ServerMechanism,
  initial: string | undefined,
): Promise<Outcome> {
  const { connection } = session;
  let response: Uint8Array | undefined;
  if (initial !== undefined) {
    const decoded = decodeInitialResponse(initial);
    if (decoded.type !== "octets") return failed("the initial response is not base64");
    response = decoded.octets;
  }
  for (;;) {
    const step = await mechanism.step(response);
    if (step.type !== "challenge") return step;
    connection.addTrustedLine(`+ ${encodeBase64(step.octets)}`);
    const line = await connection.nextLine(session.lineTimeoutMs);
    if (line.type === "closed" || line.type === "timeout") {
      session.end = line.type;
      return failed("no answer");
    }
    if (line.type === "too-long") return failed("the response is too long");
    const decoded = decodeResponseLine(decodeLatin1(line.octets));
    if (decoded.type === "cancelled") return failed("cancelled");
    if (decoded.type === "malformed") return failed("the response is not base64");
    response = decoded.octets;
  }
}

function failed(text: string): Outcome {
  return { type: "failure", reason: "malformed", text };
}

/** Logged in or not: the one place where a session enters the TRANSACTION state. */
async function conclude(session: Pop3Session, outcome: Outcome): Promise<void> {
  if (session.end !== undefined) return;
  const { connection, handler } = session;
  if (outcome.type === "failure") return refuse(session, outcome);
  const opened = await handler.open(outcome.identity);
  if ("code" in opened) return connection.negative(opened.text, opened.code);
  session.identity = outcome.identity;
  session.maildrop = new OpenMaildrop(opened);
  session.phase = "transaction";
  const { count, octets } = session.maildrop.remaining;
  connection.positive(`${count} messages, ${octets} octets`);
}

function refuse(session: Pop3Session, outcome: Outcome & { type: "failure" }): void {
  const { connection, options } = session;
  switch (outcome.reason) {
    case "malformed":
      connection.negative(outcome.text ?? "the exchange was not understood");
      session.badCommands++;
      return;
    case "unavailable":
      // RFC 3206 §4: not the credentials' fault, so a client should not ask for new ones.
      connection.negative(outcome.text ?? "logins cannot be checked now", "SYS/TEMP");
      break;
    case "refused":
      connection.negative(outcome.text ?? "wrong name or password", "AUTH");
  }
  session.failedLogins++;
  if (session.failedLogins >= (options.maxFailedLogins ?? 3)) {
    session.end = "too-many-failed-logins";
  }
}

function refuseInTheClear(session: Pop3Session): void {
  session.badCommands++;
  session.connection.negative(
    session.canStartTls ? "use STLS first" : "passwords are not taken without TLS",
  );
}

export async function answerStls(session: Pop3Session): Promise<void> {
  const { connection } = session;
  if (session.channel.tls !== undefined) return connection.negative("TLS is active already");
  if (!session.canStartTls) return connection.negative("TLS is not offered here");
  connection.positive("begin TLS");
  await connection.startTls();
  session.forgetClearText();
}

export function answerUtf8(session: Pop3Session): void {
  // Messages go out as they were stored in either mode; our own text is ASCII (RFC 6856 §2.1).
  session.connection.positive("UTF-8 enabled");
}
