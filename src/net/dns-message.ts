/**
 * DNS messages as our stub resolver needs them: one question out, one checked answer in (RFC 1035
 * §4, EDNS0 of RFC 6891). The wire itself is dns-packet's; whatever it throws at hostile octets
 * ends here as a reason.
 */

import { AUTHENTIC_DATA, decode, encode, RECURSION_DESIRED, TRUNCATED_RESPONSE } from "dns-packet";
import type { Answer, DecodedPacket, RecordType } from "dns-packet";
import type { Result } from "../base/result.ts";
import { fault, ok } from "../base/result.ts";

/** Fits an unfragmented datagram on any path (DNS flag day 2020). */
const UDP_PAYLOAD_OCTETS = 1_232;

const OPTIONS: Answer = {
  type: "OPT",
  name: ".",
  udpPayloadSize: UDP_PAYLOAD_OCTETS,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

export type DnsRcode = "NOERROR" | "NXDOMAIN" | "other";

export type DnsMessage = {
  readonly rcode: DnsRcode;
  readonly rcodeName: string;
  readonly isTruncated: boolean;
  /** AD bit: the upstream says that it validated the answer. */
  readonly isAuthentic: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
};

export function encodeQuestion(
  id: number,
  name: string,
  type: RecordType,
  edns: "with-edns" | "without-edns" = "with-edns",
): Uint8Array {
  return encode({
    type: "query",
    id,
    // AD in a question asks to be told of validation (RFC 6840 §5.7).
    flags: RECURSION_DESIRED | AUTHENTIC_DATA,
    questions: [{ type, name, class: "IN" }],
    additionals: edns === "without-edns" ? [] : [OPTIONS],
  });
}

/** Only an answer to this very question is a value; all else is a fault: ask again, or another server. */
export function decodeAnswer(
  octets: Uint8Array,
  id: number,
  name: string,
  type: RecordType,
): Result<DnsMessage> {
  let packet: DecodedPacket;
  try {
    packet = decode(Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength));
  } catch {
    return isTruncatedHeader(octets, id)
      ? ok({
          rcode: "NOERROR",
          rcodeName: "NOERROR",
          isTruncated: true,
          isAuthentic: false,
          answers: [],
          authorities: [],
        })
      : fault("malformed answer");
  }
  if (packet.type !== "response" || packet.id !== id)
    return fault("not the answer to our question");
  const { rcode } = packet as { rcode?: unknown };
  const rcodeName = typeof rcode === "string" ? rcode : "unknown";
  const question = packet.questions?.[0];
  // Some servers leave the question out of an error; that can be no forged answer, only a failure.
  const isOurs =
    question === undefined
      ? rcodeName !== "NOERROR" && rcodeName !== "NXDOMAIN"
      : question.type === type && question.name.toLowerCase() === name;
  if (!isOurs) return fault("not the answer to our question");
  const flags = packet.flags ?? 0;
  return ok({
    rcode: rcodeName === "NOERROR" || rcodeName === "NXDOMAIN" ? rcodeName : "other",
    rcodeName,
    isTruncated: (flags & TRUNCATED_RESPONSE) !== 0,
    isAuthentic: (flags & AUTHENTIC_DATA) !== 0,
    answers: packet.answers ?? [],
    authorities: packet.authorities ?? [],
  });
}

/** A datagram cut in the middle of a record can't be decoded, but its header still says TC. */
function isTruncatedHeader(octets: Uint8Array, id: number): boolean {
  if (octets.length < 12) return false;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const flags = view.getUint16(2);
  return view.getUint16(0) === id && (flags & 0x8000) !== 0 && (flags & TRUNCATED_RESPONSE) !== 0;
}
