/** The demonstration's DNS: every name of its small world, served on loopback. */

import type { Answer, Question } from "dns-packet";
import { TestDnsServer, type DnsReply } from "../../src/net/testing/dns-server.ts";

/** Addresses of the loopback network; nobody listens on the last. */
export const HOSTS = { red: "127.0.0.2", blue: "127.0.0.3", down: "127.0.0.4" };

const mx = (name: string, preference: number, exchange: string): Answer => ({
  type: "MX",
  name,
  ttl: 300,
  data: { preference, exchange },
});
const a = (name: string, data: string): Answer => ({ type: "A", name, ttl: 300, data });

const ZONE: readonly Answer[] = [
  mx("red.test", 10, "mx.red.test"),
  a("mx.red.test", HOSTS.red),
  // The preferred exchanger is down: mail takes the next one.
  mx("blue.test", 10, "down.blue.test"),
  mx("blue.test", 20, "mx.blue.test"),
  a("down.blue.test", HOSTS.down),
  a("mx.blue.test", HOSTS.blue),
  // RFC 7505: this domain takes no mail.
  mx("silent.test", 0, ""),
];

export function serveZone(): Promise<TestDnsServer> {
  return TestDnsServer.start(answer);
}

function answer(question: Question): DnsReply {
  const name = question.name.toLowerCase();
  const sameName = ZONE.filter((record) => record.name === name);
  if (sameName.length === 0) return { rcode: 3 };
  return { answers: sameName.filter((record) => record.type === question.type) };
}
