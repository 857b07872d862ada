/** STARTTLS (RFC 3207): what was said or buffered before it counts for nothing after it. */

import type { Reply } from "../reply.ts";
import * as replies from "../replies.ts";
import type { ServerConnection } from "../server-connection.ts";

/** Sends its own 220; no further answer, as the client begins anew. */
export async function answerStartTls(
  connection: ServerConnection,
  argument: string,
): Promise<Reply | readonly Reply[]> {
  const { options, session, channel } = connection;
  if (options.startTls === "off") return replies.NOT_IMPLEMENTED;
  if (argument !== "") return replies.NO_ARGUMENT;
  if (session.tls !== undefined) return replies.TLS_ACTIVE;
  if (!session.isExtended) return replies.GREET_FIRST;
  if (!options.isTlsAvailable()) return replies.TLS_UNAVAILABLE;
  // CVE-2011-0411: these octets were in the clear. They are dropped below; the operator is told.
  if (connection.hasEarlyInput) {
    connection.log.warn("smtp.starttls-injection", {
      ...connection.logFields(),
      octets: connection.wire.bufferedOctets + channel.pendingOctets,
    });
  }
  connection.send(replies.TLS_GO_AHEAD);
  await connection.flush();
  connection.secured(await channel.startTls());
  return [];
}
