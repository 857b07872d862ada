import assert from "node:assert/strict";
import { test } from "node:test";
import type { ResumableTls } from "../../../base/channel.ts";
import { TestClock } from "../../../base/testing/test-clock.ts";
import { connectionKey } from "./tls-policy.ts";
import { TlsTickets } from "./tls-tickets.ts";

const session = (octet: number, length = 1): ResumableTls => ({
  octets: new Uint8Array(length).fill(octet),
  peer: { peerVerified: false, peerName: undefined, peerProblem: undefined },
});

test("TLS tickets: each once, the newest first, four for a host", () => {
  const tickets = new TlsTickets(new TestClock());
  for (let octet = 1; octet <= 6; octet++) tickets.keep("a", session(octet));
  const taken = Array.from({ length: 5 }, () => tickets.take("a")?.octets[0]);
  assert.deepEqual(taken, [6, 5, 4, 3, undefined]);
  assert.equal(tickets.hostCount, 0);
});

test("TLS tickets: an hour, and not past a failed handshake", async () => {
  const clock = new TestClock();
  const tickets = new TlsTickets(clock);
  tickets.keep("a", session(1));
  await clock.advance(59 * 60_000);
  tickets.keep("a", session(2));
  await clock.advance(2 * 60_000);
  assert.equal(tickets.take("a")?.octets[0], 2);
  assert.equal(tickets.take("a"), undefined);
  tickets.keep("b", session(3));
  tickets.forget("b");
  assert.equal(tickets.take("b"), undefined);
});

test("Invariant 7: TLS tickets of a thousand hosts, and none that is too long", () => {
  const tickets = new TlsTickets(new TestClock());
  for (let host = 0; host < 1500; host++) tickets.keep(`host ${host}`, session(1));
  assert.equal(tickets.hostCount, 1000);
  assert.equal(tickets.take("host 0"), undefined);
  tickets.keep("long", session(1, 100_000));
  assert.equal(tickets.take("long"), undefined);
});

test("TLS tickets: the key tells host, name, level, kind and login apart", () => {
  const host = { name: "mx.a.test", address: "192.0.2.1", port: 25 };
  const policy = { tls: "may", implicitTls: false, credentials: undefined } as const;
  const login = { name: "we", password: "secret" };
  const keys = [
    connectionKey(host, policy),
    connectionKey({ ...host, name: "mx.b.test" }, policy),
    connectionKey({ ...host, address: "192.0.2.2" }, policy),
    connectionKey({ ...host, port: 26 }, policy),
    connectionKey(host, { ...policy, tls: "require" }),
    connectionKey(host, { ...policy, tls: "verify" }),
    connectionKey(host, { ...policy, implicitTls: true }),
    connectionKey(host, { ...policy, credentials: login }),
  ];
  assert.equal(new Set(keys).size, keys.length);
});
