/** XFORWARD: a trusted relay tells, for the log, whose message it is. Changes nobody's rights. */

import { isOffered } from "../extensions.ts";
import type { ForwardedClient } from "../handler.ts";
import { type Reply, reply } from "../reply.ts";
import * as replies from "../replies.ts";
import type { ServerConnection } from "../server-connection.ts";
import { knownValue, parseAttributes } from "./attributes.ts";

const FIELDS: ReadonlyMap<string, keyof ForwardedClient> = new Map([
  ["NAME", "name"],
  ["ADDR", "address"],
  ["PORT", "port"],
  ["PROTO", "protocol"],
  ["HELO", "helo"],
  ["IDENT", "ident"],
  ["SOURCE", "source"],
]);

export async function answerXforward(
  connection: ServerConnection,
  argument: string,
): Promise<Reply> {
  if (!isOffered("XFORWARD", connection)) return reply(550, "5.7.0", "XFORWARD is not for you");
  const attributes = parseAttributes(argument, new Set(FIELDS.keys()));
  if (attributes === undefined) return reply(501, "5.5.4", "Bad attributes");
  const client: { -readonly [K in keyof ForwardedClient]: ForwardedClient[K] } = {};
  for (const [name, field] of FIELDS) {
    if (attributes.has(name)) client[field] = knownValue(attributes, name);
  }
  connection.forwarded(client);
  return replies.OK;
}
