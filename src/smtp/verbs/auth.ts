/** AUTH (RFC 4954): base64 and framing; what the exchange means is the mechanism's. */

import { decodeBase64, decodeLatin1, encodeBase64, NO_OCTETS } from "../../base/bytes.ts";
import type { ServerMechanism, ServerStep } from "../../sasl/mechanism.ts";
import { isOffered } from "../extensions.ts";
import { type Reply, reply } from "../reply.ts";
import * as replies from "../replies.ts";
import type { ServerConnection } from "../server-connection.ts";

/** More challenges than any mechanism has. */
const MAX_STEPS = 20;

export async function answerAuth(connection: ServerConnection, argument: string): Promise<Reply> {
  const { handler, session } = connection;
  if (session.identity !== undefined) return replies.AUTH_DONE;
  if (!isOffered("AUTH", connection)) {
    return isOffered("STARTTLS", connection) ? replies.AUTH_NEEDS_TLS : replies.NOT_IMPLEMENTED;
  }
  const [name, initial, ...rest] = argument.split(/ +/);
  if (name === "" || rest.length > 0) return replies.ARGUMENT_MISSING;
  const isKnown = handler.mechanisms().some((each) => each.toUpperCase() === name.toUpperCase());
  const mechanism = isKnown ? handler.startMechanism(name.toUpperCase()) : undefined;
  if (mechanism === undefined) return replies.AUTH_UNKNOWN;
  const answer = await runExchange(connection, mechanism, initial);
  if (answer.code >= 500) connection.authFailures++;
  return answer;
}

async function runExchange(
  connection: ServerConnection,
  mechanism: ServerMechanism,
  initial: string | undefined,
): Promise<Reply> {
  // RFC 4954 §4: "=" is an initial response of no octets.
  let response = initial === undefined || initial === "=" ? undefined : decodeBase64(initial);
  if (initial === "=") response = NO_OCTETS;
  if (initial !== undefined && response === undefined) return replies.AUTH_BAD_BASE64;
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const given = response;
    const step = await connection.ask(() => mechanism.step(given));
    if ("code" in step) return step;
    if (step.type === "failure") return failed(step);
    if (step.type === "success") return succeed(connection, step.identity, step.finalOctets);
    const answer = await challenge(connection, step.octets);
    if ("code" in answer) return answer;
    response = answer;
  }
  return replies.AUTH_MALFORMED;
}

/** Sends a challenge; the client's octets, or the reply to a client that gave up or broke the framing. */
async function challenge(
  connection: ServerConnection,
  octets: Uint8Array,
): Promise<Uint8Array | Reply> {
  connection.send(reply(334, undefined, encodeBase64(octets)));
  connection.wire.expectAuthLine();
  const event = await connection.nextLine();
  if (event.type === "overlong") return replies.AUTH_LINE_TOO_LONG;
  const text = decodeLatin1(event.octets);
  if (text === "*") return replies.AUTH_CANCELLED;
  return decodeBase64(text) ?? replies.AUTH_BAD_BASE64;
}

async function succeed(
  connection: ServerConnection,
  identity: string,
  finalOctets: Uint8Array | undefined,
): Promise<Reply> {
  // RFC 4954 §4: 235 has no room for data, so it goes as one more challenge with an empty answer.
  if (finalOctets !== undefined) {
    const answer = await challenge(connection, finalOctets);
    if ("code" in answer) return answer;
    if (answer.length > 0) return replies.AUTH_MALFORMED;
  }
  const refusal = await connection.ask(() => connection.handler.authenticated(identity));
  if (refusal !== undefined) return refusal;
  connection.authenticated(identity);
  connection.log.info("smtp.authenticated", connection.logFields());
  return replies.AUTH_OK;
}

function failed(step: Extract<ServerStep, { type: "failure" }>): Reply {
  switch (step.reason) {
    case "malformed":
      return replies.AUTH_MALFORMED;
    case "refused":
      return replies.AUTH_REFUSED;
    case "unavailable":
      return replies.AUTH_UNAVAILABLE;
  }
}
