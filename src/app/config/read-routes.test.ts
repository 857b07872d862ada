import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "./read-config.ts";
import { readRoutes, type RouteReading } from "./read-routes.ts";

function read(source: string): RouteReading {
  const outcome = readConfig(source);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return readRoutes(outcome.settings);
}

function problems(source: string): string[] {
  const outcome = readConfig(source);
  return outcome.ok ? [] : outcome.problems.map(({ problem }) => problem);
}

test("each kind of transport", () => {
  const { transports } = read(`
[[transports]]
name = "dovecot"
kind = "lmtp"
hosts = ["/run/dovecot/lmtp", "[::1]", "mail.far.test:2424"]
[[transports]]
name = "out"
kind = "smarthost"
hosts = ["smtp1.far.test:587", "192.0.2.1"]
tls = "verify"
user = "us"
password = "pw"
[[transports]]
name = "rt"
kind = "pipe"
command = ["/usr/bin/rt", "{user}"]
timeout = "10s"
memory = "1MB"
runAs = "nobody"
[[transports]]
name = "boxes"
kind = "maildir"
path = "/srv/{domain}/{user}"
detailFolder = true
[[transports]]
name = "closed"
kind = "error"
code = 450
`);
  const credentials = { name: "us", password: "pw" };
  const tls = "verify";
  assert.deepEqual(transports, [
    {
      kind: "lmtp",
      hops: [
        { host: "/run/dovecot/lmtp", port: 0, tls: "never", implicitTls: false },
        { host: "[IPv6:::1]", port: 24, tls: "may", implicitTls: false },
        { host: "mail.far.test", port: 2424, tls: "may", implicitTls: false },
      ],
      name: "dovecot",
    },
    {
      kind: "smarthost",
      hops: [
        { host: "smtp1.far.test", port: 587, tls, implicitTls: false, credentials },
        { host: "[192.0.2.1]", port: 25, tls, implicitTls: false, credentials },
      ],
      name: "out",
    },
    {
      kind: "pipe",
      command: ["/usr/bin/rt", "{user}"],
      user: "nobody",
      timeoutMs: 10_000,
      memoryOctets: 1_048_576,
      name: "rt",
    },
    {
      kind: "maildir",
      path: "/srv/{domain}/{user}",
      user: undefined,
      detailFolder: true,
      name: "boxes",
    },
    {
      kind: "error",
      reply: { code: 450, status: "4.3.0", text: "Mail for this address is not taken" },
      name: "closed",
    },
  ]);
});

test("routes name a transport or a host, and at least one condition", () => {
  const { routes } = read(`
[[routes]]
recipient = "Tickets@us.test"
transport = "discard"
[[routes]]
sender = "@Far.test"
account = "anna@us.test"
host = "[192.0.2.9]"
`);
  assert.deepEqual(routes, [
    { recipient: "tickets@us.test", transport: { kind: "discard" } },
    {
      sender: "@far.test",
      account: "anna@us.test",
      nextHop: { host: "[192.0.2.9]", port: 25, tls: "may", implicitTls: false },
    },
  ]);
  assert.deepEqual(
    problems(`
[[transports]]
name = "dovecot"
kind = "lmtp"
[[transports]]
name = "p"
kind = "pipe"
command = "cat"
[[transports]]
name = "e"
kind = "error"
status = "4.1.1"
[[transports]]
name = "m"
kind = "mbox"
path = "relative"
[[routes]]
transport = "dovecto"
[[routes]]
domain = "*"
`),
    [
      'transports.hosts must be given for "lmtp"',
      "transports.command must begin with the absolute path of a program",
      'transports.status must be a status such as "5.1.6", as the code is 550',
      'transports.path must be an absolute path for "mbox"',
      'routes.domain must be given, or another condition; "*" is for all domains',
      'routes.transport is "dovecto", but there is no such transport. Did you mean "dovecot"?',
      "routes.transport must be given, or routes.host",
    ],
  );
});
