/**
 * LOGIN, AUTHENTICATE and STARTTLS (RFC 9051 §6.2). Passwords are refused in the clear, and nothing
 * that came before the TLS handshake is believed after it (CVE-2011-0411).
 */

import { decodeBase64, decodeLatin1, encodeBase64, NO_OCTETS } from "../base/bytes.ts";
import type { ServerMechanism } from "../sasl/mechanism.ts";
import type { AuthenticateCommand } from "./command/authenticate.ts";
import type { LoginCommand } from "./command/login.ts";
import { bad, no, okay, type Completion } from "./completion.ts";
import type { Connection } from "./connection.ts";

const IN_THE_CLEAR: Completion = no("Begin TLS first", "PRIVACYREQUIRED");

/** More rounds than any mechanism has. */
const MAX_ROUNDS = 10;

export async function serveLogin(
  connection: Connection,
  command: LoginCommand,
): Promise<Completion> {
  if (connection.isClear) return IN_THE_CLEAR;
  const completion = await connection.handler.login(command.user, command.password);
  return loggedIn(connection, completion);
}

export async function serveAuthenticate(
  connection: Connection,
  command: AuthenticateCommand,
): Promise<Completion> {
  if (connection.isClear) return IN_THE_CLEAR;
  const mechanism = connection.handler.startMechanism(command.mechanism);
  if (mechanism === undefined) return no("No such mechanism");
  const outcome = await exchange(connection, mechanism, command.initial);
  if (typeof outcome !== "string") return outcome;
  return loggedIn(connection, await connection.handler.authenticated(outcome));
}

/** The identity proved, or the answer to give. */
async function exchange(
  connection: Connection,
  mechanism: ServerMechanism,
  initial: Uint8Array | undefined,
): Promise<string | Completion> {
  let step = await mechanism.step(initial);
  for (let round = 0; step.type === "challenge" && round < MAX_ROUNDS; round++) {
    const response = await ask(connection, step.octets);
    if (response === "cancelled") return bad("Cancelled");
    if (response === "malformed") return bad("Expected base64");
    if (response === "ended") return bad("The connection ended");
    step = await mechanism.step(response);
  }
  switch (step.type) {
    case "success":
      return step.identity;
    case "challenge":
      return no("The exchange does not end");
    case "failure":
      if (step.reason === "malformed") return bad(step.text ?? "Malformed response");
      return step.reason === "unavailable"
        ? no(step.text ?? "Cannot be checked now", "UNAVAILABLE")
        : no(step.text ?? "Wrong name or password", "AUTHENTICATIONFAILED");
  }
}

async function ask(
  connection: Connection,
  challenge: Uint8Array,
): Promise<Uint8Array | "cancelled" | "malformed" | "ended"> {
  connection.out.line(`+ ${encodeBase64(challenge)}`);
  connection.decoder.expectLine();
  const event = await connection.next();
  if (event === undefined || event.type !== "line") {
    if (event?.type === "hopeless") connection.bye(event.problem);
    connection.isOver = true;
    return "ended";
  }
  if (event.octets.length === 0) return NO_OCTETS;
  const text = decodeLatin1(event.octets);
  return text === "*" ? "cancelled" : (decodeBase64(text) ?? "malformed");
}

function loggedIn(connection: Connection, completion: Completion): Completion {
  if (completion.status !== "OK") return completion;
  connection.loggedIn();
  // Named here so that a client need not ask (RFC 9051 §6.2.2).
  connection.session.phase = "authenticated";
  return { ...completion, code: `CAPABILITY ${connection.capabilities()}` };
}

/** Answers STARTTLS itself, because the tagged OK is the last thing said in the clear. */
export async function serveStartTls(connection: Connection, tag: string): Promise<void> {
  if (!connection.canStartTls) {
    connection.complete(tag, "STARTTLS", bad("TLS is not available"));
    return;
  }
  if (connection.decoder.buffered > 0 || connection.channel.pendingOctets > 0) {
    connection.decoder.forget();
    connection.complete(tag, "STARTTLS", bad("Nothing may follow STARTTLS before the handshake"));
    connection.bye("Commands were sent before TLS began");
    return;
  }
  connection.complete(tag, "STARTTLS", okay("Begin TLS"));
  await connection.out.flush();
  await connection.channel.startTls();
  connection.decoder.forget();
}
