/**
 * One question to one server: over UDP, and over TCP when the answer did not fit (RFC 7766). Each
 * question has a random id and a socket, so a port, of its own, and listens to its server alone:
 * what a forger has to guess. Never rejects and never waits longer than it was told.
 */

import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import type { RecordType } from "dns-packet";
import type { Endpoint } from "../base/channel.ts";
import type { Random } from "../base/random.ts";
import type { Result } from "../base/result.ts";
import { fault } from "../base/result.ts";
import { decodeAnswer, encodeQuestion } from "./dns-message.ts";
import type { DnsMessage } from "./dns-message.ts";
import { describeSocketError } from "./socket-errors.ts";

export type Exchange = (
  server: Endpoint,
  name: string,
  type: RecordType,
  timeoutMs: number,
) => Promise<Result<DnsMessage>>;

/** Wrong datagrams that one question puts up with before it gives up: somebody is guessing. */
const MAX_WRONG_DATAGRAMS = 16;

export function makeExchange(random: Random): Exchange {
  const once = async (
    [server, name, type, timeoutMs]: Parameters<Exchange>,
    edns: "with-edns" | "without-edns",
  ): ReturnType<Exchange> => {
    const [high, low] = random.bytes(2);
    const id = high * 256 + low;
    let question: Uint8Array;
    try {
      question = encodeQuestion(id, name, type, edns);
    } catch {
      return fault("the question can't be encoded");
    }
    const read = (octets: Uint8Array): Result<DnsMessage> => decodeAnswer(octets, id, name, type);
    const answer = await askByUdp(server, question, read, timeoutMs);
    return answer.ok && answer.value.isTruncated
      ? askByTcp(server, question, read, timeoutMs)
      : answer;
  };
  return async (...question) => {
    const answer = await once(question, "with-edns");
    // RFC 6891 §7: a server that does not know EDNS says so in one of these ways.
    const isOld = answer.ok && NO_EDNS.has(answer.value.rcodeName);
    return isOld ? once(question, "without-edns") : answer;
  };
}

const NO_EDNS: ReadonlySet<string> = new Set(["FORMERR", "NOTIMP"]);

type ReadAnswer = (octets: Uint8Array) => Result<DnsMessage>;

function askByUdp(
  server: Endpoint,
  question: Uint8Array,
  read: ReadAnswer,
  timeoutMs: number,
): Promise<Result<DnsMessage>> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server.address) ? "udp6" : "udp4");
    let wrong = 0;
    let isOver = false;
    const finish = (result: Result<DnsMessage>): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(() => finish(fault("no answer in time")), timeoutMs);
    socket.on("error", (error) => finish(fault(describeSocketError(error))));
    socket.on("message", (octets) => {
      const answer = read(octets);
      // A forged or late datagram must not end the wait for the true one.
      if (answer.ok || ++wrong >= MAX_WRONG_DATAGRAMS) finish(answer);
    });
    socket.connect(server.port, server.address, () => {
      if (isOver) return;
      socket.send(question, (error) => {
        if (error) finish(fault(describeSocketError(error)));
      });
    });
  });
}

function askByTcp(
  server: Endpoint,
  question: Uint8Array,
  read: ReadAnswer,
  timeoutMs: number,
): Promise<Result<DnsMessage>> {
  return new Promise((resolve) => {
    const socket = connect({ host: server.address, port: server.port, noDelay: true });
    const pieces: Uint8Array[] = [];
    let got = 0;
    let wanted = 2;
    const finish = (result: Result<DnsMessage>): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => finish(fault("no answer in time")), timeoutMs);
    socket.on("error", (error) => finish(fault(describeSocketError(error))));
    socket.on("close", () => finish(fault("the server closed the connection")));
    socket.on("connect", () => {
      // RFC 7766 §8: length and question in one segment, for servers that read no further.
      const length = Uint8Array.of(question.length >> 8, question.length & 255);
      socket.write(Buffer.concat([length, question]));
    });
    socket.on("data", (octets: Uint8Array) => {
      pieces.push(octets);
      got += octets.length;
      if (got < wanted) return;
      const all = Buffer.concat(pieces.splice(0));
      pieces.push(all);
      wanted = 2 + all.readUInt16BE(0);
      if (got >= wanted) finish(completed(read(all.subarray(2, wanted))));
    });
  });
}

/** TC over TCP means that the server itself has no more: nothing to be had here. */
function completed(answer: Result<DnsMessage>): Result<DnsMessage> {
  return answer.ok && answer.value.isTruncated ? fault("truncated over TCP") : answer;
}
