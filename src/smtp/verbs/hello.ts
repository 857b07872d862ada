/** HELO, EHLO and LHLO (RFC 5321 §4.1.1.1, RFC 2033 §4.1). */

import { offerLines } from "../extensions.ts";
import { type Reply, reply } from "../reply.ts";
import * as replies from "../replies.ts";
import type { ServerConnection } from "../server-connection.ts";
import { SessionOver } from "../session-over.ts";

/**
 * What a client may call itself. Looser than the grammar of a domain: many mail programs send the
 * name their machine has. Nothing that could end a comment in a Received field.
 */
const NAME = /^[^\s<>()[\]"\\;,]{1,255}$|^\[[0-9A-Za-z:._%-]{1,255}\]$/;

export function answerHelo(connection: ServerConnection, name: string): Promise<Reply> {
  return greet(connection, name, false);
}

export function answerEhlo(connection: ServerConnection, name: string): Promise<Reply> {
  return greet(connection, name, true);
}

async function greet(
  connection: ServerConnection,
  name: string,
  isExtended: boolean,
): Promise<Reply> {
  const { options, handler } = connection;
  // RFC 5321 §4.1.4: a bad EHLO leaves the state as it was.
  if (!NAME.test(name)) return reply(501, "5.5.4", "A host name or address literal must follow");
  // RFC 2920 §3.1: until it has heard our answer a client cannot know that it may go on.
  if (options.refusesEarlyTalkers && connection.phase === "connected" && connection.hasEarlyInput) {
    throw new SessionOver("early-talker", replies.EARLY_TALKER);
  }
  const refusal = await connection.ask(() => handler.helo(name));
  if (refusal !== undefined) return refusal;
  connection.resetTransaction();
  connection.greeted(name, isExtended);
  if (!isExtended) return reply(250, undefined, options.hostName);
  return reply(250, undefined, options.hostName, ...offerLines(connection));
}
