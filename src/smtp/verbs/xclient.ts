/** XCLIENT: a trusted proxy says for whom it speaks; the session begins anew in that client's name. */

import { banner } from "../banner.ts";
import { isOffered } from "../extensions.ts";
import { isIpAddress } from "../ip-address.ts";
import { type Reply, reply } from "../reply.ts";
import type { ServerConnection } from "../server-connection.ts";
import { knownValue, parseAttributes } from "./attributes.ts";

const ATTRIBUTES: ReadonlySet<string> = new Set([
  "NAME",
  "ADDR",
  "PORT",
  "PROTO",
  "HELO",
  "LOGIN",
  "DESTADDR",
  "DESTPORT",
]);

const MALFORMED: Reply = reply(501, "5.5.4", "Bad attributes");

export async function answerXclient(
  connection: ServerConnection,
  argument: string,
): Promise<Reply> {
  const { session, options } = connection;
  if (!isOffered("XCLIENT", connection)) return reply(550, "5.7.0", "XCLIENT is not for you");
  const attributes = parseAttributes(argument, ATTRIBUTES);
  if (attributes === undefined) return MALFORMED;
  const address = readAddress(knownValue(attributes, "ADDR"), session.peer.address);
  const localAddress = readAddress(knownValue(attributes, "DESTADDR"), session.local.address);
  const port = readPort(knownValue(attributes, "PORT"), session.peer.port);
  const localPort = readPort(knownValue(attributes, "DESTPORT"), session.local.port);
  if (address === undefined || localAddress === undefined) return MALFORMED;
  if (port === undefined || localPort === undefined) return MALFORMED;
  connection.impersonate({
    peer: { address, port },
    local: { address: localAddress, port: localPort },
    name: attributes.has("NAME") ? knownValue(attributes, "NAME") : session.clientName,
    helo: knownValue(attributes, "HELO"),
    identity: knownValue(attributes, "LOGIN"),
  });
  connection.log.info("smtp.xclient", connection.logFields());
  const refusal = await connection.ask(() => connection.handler.connect());
  if (refusal === undefined) return banner(options);
  if (refusal.code !== 421) connection.phase = "refused";
  return { code: refusal.code, lines: refusal.lines };
}

function readAddress(value: string | undefined, current: string): string | undefined {
  if (value === undefined) return current;
  const address = value.replace(/^IPV6:/i, "").toLowerCase();
  return isIpAddress(address) ? address : undefined;
}

function readPort(value: string | undefined, current: number): number | undefined {
  if (value === undefined) return current;
  return /^\d{1,5}$/.test(value) && Number(value) <= 65535 ? Number(value) : undefined;
}
