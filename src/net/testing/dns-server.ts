/** A small name server on loopback, UDP and TCP on one port, for tests and demonstrations. It answers from a function. */

import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { decode, encode, RECURSION_AVAILABLE, TRUNCATED_RESPONSE } from "dns-packet";
import type { Answer, Packet, Question } from "dns-packet";
import type { Endpoint } from "../../base/channel.ts";

export type DnsReply = {
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  /** 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED */
  readonly rcode?: number;
  /** More flags, for example AUTHENTIC_DATA. */
  readonly flags?: number;
};

/** Octets are sent as they are; "silence" is no answer at all. */
export type DnsBehaviour = (
  question: Question,
  context: {
    readonly id: number;
    readonly transport: "udp" | "tcp";
    /** The question speaks of EDNS (RFC 6891). */
    readonly hasEdns: boolean;
  },
) => DnsReply | Uint8Array | "silence";

export class TestDnsServer {
  readonly endpoint: Endpoint;
  /** Questions as they came: `udp MX example.test`. */
  readonly asked: string[] = [];
  readonly #close: () => void;

  private constructor(endpoint: Endpoint, close: () => void) {
    this.endpoint = endpoint;
    this.#close = close;
  }

  static async start(behaviour: DnsBehaviour): Promise<TestDnsServer> {
    const tcp = createServer();
    await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve));
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket("udp4");
    await new Promise<void>((resolve) => udp.bind(port, "127.0.0.1", resolve));
    const sockets = new Set<Socket>();
    const server = new TestDnsServer({ address: "127.0.0.1", port }, () => {
      udp.close();
      tcp.close();
      for (const socket of sockets) socket.destroy();
    });
    udp.on("message", (octets, from) => {
      const answer = server.#answer(octets, behaviour, "udp");
      if (answer !== undefined) udp.send(answer, from.port, from.address);
    });
    tcp.on("connection", (socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
      socket.once("data", (octets: Buffer) => {
        const answer = server.#answer(octets.subarray(2), behaviour, "tcp");
        if (answer === undefined) return;
        socket.end(Buffer.concat([Uint8Array.of(answer.length >> 8, answer.length & 255), answer]));
      });
    });
    return server;
  }

  close(): void {
    this.#close();
  }

  #answer(
    octets: Buffer,
    behaviour: DnsBehaviour,
    transport: "udp" | "tcp",
  ): Uint8Array | undefined {
    const query = decode(octets);
    const question = query.questions?.[0];
    if (question === undefined) return undefined;
    const id = query.id ?? 0;
    this.asked.push(`${transport} ${question.type} ${question.name}`);
    const hasEdns = query.additionals?.some(({ type }) => type === "OPT") === true;
    const reply = behaviour(question, { id, transport, hasEdns });
    if (reply === "silence") return undefined;
    if (reply instanceof Uint8Array) return reply;
    const packet: Packet = {
      type: "response",
      id,
      flags: RECURSION_AVAILABLE | (reply.flags ?? 0) | (reply.rcode ?? 0),
      questions: [question],
      answers: [...(reply.answers ?? [])],
      authorities: [...(reply.authorities ?? [])],
    };
    const whole = encode(packet);
    if (transport === "tcp" || whole.length <= 1_232) return whole;
    return encode({
      ...packet,
      flags: (packet.flags ?? 0) | TRUNCATED_RESPONSE,
      answers: [],
      authorities: [],
    });
  }
}
