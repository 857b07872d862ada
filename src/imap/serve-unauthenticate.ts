/**
 * UNAUTHENTICATE (RFC 8437): the connection forgets who logged in, what is selected and enabled, and
 * compression ends. TLS stays. A load balancer may so keep one connection for several accounts.
 */

import { bad, okay } from "./completion.ts";
import type { Connection } from "./connection.ts";

/** Answers itself, because the OK is the last thing said under compression. */
export async function serveUnauthenticate(connection: Connection, tag: string): Promise<void> {
  if (connection.isCompressed && connection.isReadingAhead) {
    // What follows would have been compressed, and must not be once the answer is out.
    const problem = bad("Under COMPRESS nothing may be sent along with UNAUTHENTICATE");
    return connection.complete(tag, "UNAUTHENTICATE", problem);
  }
  await connection.handler.unauthenticate();
  connection.complete(tag, "UNAUTHENTICATE", okay("Log in again"));
  if (connection.isCompressed) await connection.out.flush();
  connection.loggedOut();
}
