/** The server's first line (RFC 5321 §4.2). */

import { type Reply, reply } from "./reply.ts";
import type { ResolvedOptions } from "./serve-options.ts";

export function banner(options: ResolvedOptions): Reply {
  const protocol = options.protocol === "lmtp" ? "LMTP" : "ESMTP";
  return reply(220, undefined, `${options.hostName} ${protocol} ${options.greeting}`.trimEnd());
}
