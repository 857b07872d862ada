/**
 * The PROXY protocol, version 1 (a line) and 2 (binary): a load balancer says whose connection it
 * passes on. HAProxy's proxy-protocol.txt. Whom to believe is the listener's decision; whoever is
 * believed must send the header.
 */

import { decodeLatin1, encodeLatin1, equalBytes, indexOfBytes } from "../base/bytes.ts";
import type { Endpoint } from "../base/channel.ts";
import { isIpAddress } from "./ip-address.ts";

export type ProxyHeader = {
  /** The client; undefined where the proxy speaks for itself (health checks) or does not know. */
  readonly source: Endpoint | undefined;
  readonly destination: Endpoint | undefined;
};

export type ProxyParse =
  /** Read more and ask again. */
  | { readonly type: "incomplete" }
  | { readonly type: "header"; readonly header: ProxyHeader; readonly lengthOctets: number }
  | { readonly type: "fault"; readonly problem: string };

const V1_MARK = encodeLatin1("PROXY ");
/** The longest line version 1 can make. */
const V1_MAX_OCTETS = 107;
const V2_MARK: Uint8Array = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10);
const V2_HEAD_OCTETS = 16;
/** Far above what any proxy's TLVs take; the field could say 65,535. */
const V2_MAX_OCTETS = 4096;

const UNKNOWN: ProxyHeader = { source: undefined, destination: undefined };
const INCOMPLETE: ProxyParse = { type: "incomplete" };

/** Looks for a header at the very beginning of a connection's octets. */
export function parseProxyHeader(octets: Uint8Array): ProxyParse {
  if (startsLike(octets, V2_MARK)) return parseV2(octets);
  if (startsLike(octets, V1_MARK)) return parseV1(octets);
  return fault("there is no PROXY header");
}

/** So far, the octets are the mark or its beginning. */
function startsLike(octets: Uint8Array, mark: Uint8Array): boolean {
  const length = Math.min(octets.length, mark.length);
  return equalBytes(octets.subarray(0, length), mark.subarray(0, length));
}

function fault(problem: string): ProxyParse {
  return { type: "fault", problem };
}

function parseV1(octets: Uint8Array): ProxyParse {
  const end = indexOfBytes(octets.subarray(0, V1_MAX_OCTETS), encodeLatin1("\r\n"));
  if (end === -1) return octets.length < V1_MAX_OCTETS ? INCOMPLETE : fault("the line is too long");
  const lengthOctets = end + 2;
  const words = decodeLatin1(octets, 0, end).split(" ");
  const [, family, from, to, fromPort, toPort] = words;
  if (family === "UNKNOWN") return { type: "header", header: UNKNOWN, lengthOctets };
  if (words.length !== 6 || (family !== "TCP4" && family !== "TCP6"))
    return fault("malformed line");
  const isIpv6 = family === "TCP6";
  const source = toEndpoint(from, fromPort, isIpv6);
  const destination = toEndpoint(to, toPort, isIpv6);
  if (source === undefined || destination === undefined) return fault("malformed address");
  return { type: "header", header: { source, destination }, lengthOctets };
}

function toEndpoint(address: string, port: string, isIpv6: boolean): Endpoint | undefined {
  if (!isIpAddress(address) || address.includes(":") !== isIpv6) return undefined;
  if (!/^(?:0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65535) return undefined;
  return { address: address.toLowerCase(), port: Number(port) };
}

function parseV2(octets: Uint8Array): ProxyParse {
  if (octets.length < V2_HEAD_OCTETS) return INCOMPLETE;
  const version = octets[12] >> 4;
  const command = octets[12] & 15;
  const [family, transport] = [octets[13] >> 4, octets[13] & 15];
  const lengthOctets = V2_HEAD_OCTETS + octets[14] * 256 + octets[15];
  if (version !== 2) return fault(`version ${version} of the header is unknown`);
  if (command > 1) return fault(`command ${command} of the header is unknown`);
  if (lengthOctets > V2_MAX_OCTETS) return fault("the header is too long");
  if (octets.length < lengthOctets) return INCOMPLETE;
  // LOCAL: the proxy's own connection. What is not TCP over IP has no address that we could use.
  const isTcp = command === 1 && transport === 1 && (family === 1 || family === 2);
  if (!isTcp) return { type: "header", header: UNKNOWN, lengthOctets };
  const width = family === 1 ? 4 : 16;
  const block = octets.subarray(V2_HEAD_OCTETS, lengthOctets);
  if (block.length < 2 * width + 4) return fault("the header is too short for its addresses");
  const port = (at: number): number => block[at] * 256 + block[at + 1];
  const source = { address: formatIp(block.subarray(0, width)), port: port(2 * width) };
  const destination = {
    address: formatIp(block.subarray(width, 2 * width)),
    port: port(2 * width + 2),
  };
  return { type: "header", header: { source, destination }, lengthOctets };
}

/** RFC 5952: the longest run of zero groups is `::`. */
function formatIp(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((octets[i] * 256 + octets[i + 1]).toString(16));
  const runs = groups.join(":").match(/(?:^|:)0(?::0)+(?=:|$)/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return groups.join(":");
  return groups.join(":").replace(longest, "::").replace(/:{3,}/, "::");
}
