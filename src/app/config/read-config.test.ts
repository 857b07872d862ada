import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { NetworkSet } from "../../mta/reception/network-set.ts";
import { configDocument } from "./config-document.ts";
import { defaultSettings, describeProblems, readConfig } from "./read-config.ts";
import { nearest } from "./nearest.ts";
import { isLoopback, parse } from "./cidr.ts";

/** What is in the file, and the complaint it must bring, whole. */
const WRONG: [source: string, complaint: string][] = [
  ["hostnam = 'a.test'", "x:1:1: there is no setting hostnam. Did you mean hostname?"],
  ["hostname = mx.a.test", "x:1:12: not valid TOML: invalid value (text stands in quotes)"],
  ["\n\n[listen]\nsmpt = 25\n", "x:4:1: there is no setting smpt in [listen]. Did you mean smtp?"],
  [
    "[limits]\n  smtp = 25",
    "x:2:3: there is no setting smtp in [limits]. It belongs into [listen].",
  ],
  [
    "[limits]\nnonsense = 1",
    "x:2:1: there is no setting nonsense in [limits]. The settings here are connections, connectionsPerClient, messageSize, recipientsPerMessage, drainTime.",
  ],
  ["[lisen]\nsmtp = 25", "x:1:1: there is no setting lisen. Did you mean listen?"],
  [
    "[log]\nlevel = 'inof'",
    'x:2:1: log.level must be one of "debug", "info", "warn", "error", not "inof". Did you mean "info"?',
  ],
  [
    "[listen]\nsmtp = 99999",
    'x:2:1: listen.smtp must be where to listen, such as "192.0.2.1:25", "[::]:25" or 25 for every address (in a list: each one), not 99999',
  ],
  [
    "[limits]\nmessageSize = 100",
    'x:2:1: limits.messageSize must be a size such as "500KB", "50MB" or "2GB", not 100',
  ],
  [
    "[queue]\nfirstRetry = '5 minutes'",
    'x:2:1: queue.firstRetry must be a time such as "30s", "5m", "4h" or "5d", not "5 minutes"',
  ],
  [
    "[limits]\nrecipientsPerMessage = 1.5",
    "x:2:1: limits.recipientsPerMessage must be a whole number from 100 to 100000, not 1.5",
  ],
  [
    "[listen]\nsmtp = '127.0.0.1:4025'\nimap = '127.0.0.1:4025'",
    "x:3:1: listen.imap can't have 127.0.0.1:4025: listen.smtp has 127.0.0.1:4025 already",
  ],
  [
    "[listen]\nsmtp = ['0.0.0.0:25', '[::]:25']",
    "x:2:1: listen.smtp can't have [::]:25: listen.smtp has 0.0.0.0:25 already",
  ],
  [
    "[listen]\nimaps = 2525",
    "x:2:1: listen.imaps can't have [::]:2525: listen.smtp has 127.0.0.1:2525 already",
  ],
  [
    "[smarthost]\nhost = 'a.test'\nuser = 'me'",
    "x:3:1: smarthost.user is of no use without smarthost.password",
  ],
  [
    "[smarthost]\nuser = 'me'\npassword = 'x'",
    "x:2:1: smarthost.user is of no use without smarthost.host",
  ],
  [
    "[[routes]]\ndomain = 'a.test'\nhost = 'b.test'\npassword = 'x'",
    "x:4:1: routes.password is of no use without routes.user",
  ],
  [
    "[smarthost]\nhost = 'a.test'\nuser = 'me'\npassword = 'x'\ntls = 'never'",
    'x:5:1: smarthost.tls can\'t be "never" where a password is given: it goes over TLS only',
  ],
  [
    "[login.oauth]\nkeySet = 'keys.json'\nissuer = 'x'",
    "x:2:1: login.oauth.keySet needs login.oauth.audience beside it",
  ],
  [
    "[login.oauth]\nkeySet = 'http://login.test/keys'\nissuer = 'x'\naudience = 'y'",
    'x:2:1: login.oauth.keySet must be an address such as "https://login.example.org/jwks.json", or the path of a file, not "http://login.test/keys"',
  ],
  [
    "[addresses]\nrecipientDelimiter = '++'",
    'x:2:1: addresses.recipientDelimiter must be one character such as "+", or "" for none, not "++"',
  ],
  ["hostname = true", 'x:1:1: hostname must be a host name such as "mail.example.org", not true'],
  [
    "hostname = '127.1'",
    'x:1:1: hostname must be a host name such as "mail.example.org", not "127.1"',
  ],
  ["listen = 25", "x:1:1: listen must be a group of settings: [listen]"],
  ["routes = 'x'", "x:1:1: routes can be given several times, each as [[routes]]"],
  [
    "[[routes]]\ndomain = 'a.test'\nhost = 'b.test'\n\n[[routes]]\ndomain = 'c.test'",
    "x:5:1: routes.transport must be given, or routes.host",
  ],
  [
    "[[routes]]\ndomain = 'a.test'\nhost = 'b.test'\n[[routes]]\ndomain = 'c.test'\nhost = 'd.test'\nprot = 25",
    "x:7:1: there is no setting prot in [routes]. Did you mean port?",
  ],
  [
    "relay = { networks = ['10.0.0.0/8', '10.0.0.0/99'] }",
    'x:1:11: relay.networks must be a network such as "192.0.2.0/24" or "2001:db8::/32", or one address (in a list: each one), not ["10.0.0.0/8","10.0.0.0/99"]',
  ],
  ["a = ", "x:1:5: not valid TOML: "],
  ["__proto__ = 1", "x:1:1: there is no setting __proto__. The settings here are"],
  ["[constructor]\na = 1", "x:1:1: there is no setting constructor. The settings here are"],
];

for (const [source, complaint] of WRONG) {
  test(`config: ${JSON.stringify(source)} is refused with place and advice`, () => {
    const outcome = readConfig(source);
    assert.ok(!outcome.ok);
    const said = describeProblems("x", outcome.problems);
    if (complaint.endsWith(": ") || complaint.endsWith("are"))
      assert.ok(said.startsWith(complaint), said);
    else assert.equal(said, complaint);
  });
}

test("config: all problems of a file are told at once, in the order of their lines", () => {
  const outcome = readConfig(
    '# comment\nhostname = "mail.test" # fine\n\n[listen]\nimpa = 143\nsmtp = """\nnot\n"""\n[log]\nlevle = "info"\n',
  );
  assert.ok(!outcome.ok);
  assert.deepEqual(
    outcome.problems.map(({ position }) => position?.line),
    [5, 6, 10],
  );
});

test("config: every kind of value, as it is written and as it arrives", () => {
  const outcome = readConfig(`
hostname = "BÜCHER.example"
dataFolder = "/srv/mail"
[listen]
smtp = [25, "192.0.2.1:2525", "[2001:db8::1]:28", "localhost:26", "*:27"]
pop3 = []
[limits]
messageSize = "1.5MB"
drainTime = "500ms"
[relay]
networks = "192.0.2.7"
[addresses]
postmaster = "Anna@Example.ORG"
[smarthost]
host = "192.0.2.9"
[[routes]]
domain = ".Example.net"
host = "[IPv6:2001:db8::2]"
[dns]
servers = ["192.0.2.53", "127.0.0.1:5353"]
`);
  assert.ok(outcome.ok);
  const { settings } = outcome;
  assert.equal(settings.hostname, "xn--bcher-kva.example");
  assert.deepEqual(settings.listen.smtp, [
    { host: "::", port: 25 },
    { host: "192.0.2.1", port: 2525 },
    { host: "2001:db8::1", port: 28 },
    { host: "127.0.0.1", port: 26 },
    { host: "::", port: 27 },
  ]);
  assert.deepEqual(settings.listen.pop3, []);
  assert.deepEqual(settings.listen.imap, [{ host: "127.0.0.1", port: 2143 }]);
  assert.equal(settings.limits.messageSize, 1_572_864);
  assert.equal(settings.limits.drainTime, 500);
  assert.deepEqual(settings.relay.networks, ["192.0.2.7/32"]);
  assert.equal(settings.addresses.postmaster, "anna@example.org");
  assert.equal(settings.smarthost.host, "[192.0.2.9]");
  assert.equal(settings.smarthost.tls, "verify");
  assert.equal(settings.routes[0].domain, ".example.net");
  assert.equal(settings.routes[0].host, "[IPv6:2001:db8::2]");
  assert.deepEqual(settings.dns.servers, [
    { host: "192.0.2.53", port: 53 },
    { host: "127.0.0.1", port: 5353 },
  ]);
});

test("config: an empty file gives the defaults", () => {
  const outcome = readConfig("");
  assert.ok(outcome.ok);
  assert.deepEqual(outcome.settings, defaultSettings());
  assert.deepEqual(outcome.settings.listen.submissions, [{ host: "127.0.0.1", port: 2465 }]);
});

test("config: docs/config.md is what the table says (posthorn config doc > docs/config.md)", () => {
  const file = new URL("../../../docs/config.md", import.meta.url);
  assert.equal(readFileSync(file, "utf8"), configDocument());
});

test("nearest: slips of the finger, but no guesses", () => {
  assert.equal(nearest("hostnmae", ["hostname", "log"]), "hostname");
  assert.equal(nearest("Level", ["level"]), "level");
  assert.equal(nearest("zebra", ["hostname", "log"]), undefined);
});

test("cidr: networks and what is in them", () => {
  assert.equal(parse("2001:DB8::/32"), "2001:db8::/32");
  assert.equal(parse("10.0.0.0/33"), undefined);
  assert.equal(parse("nonsense"), undefined);
  assert.ok(new NetworkSet(["192.0.2.0/24"]).has("::ffff:192.0.2.9"));
  assert.ok(!new NetworkSet(["192.0.2.0/24"]).has("2001:db8::1"));
  assert.ok(!new NetworkSet(["0.0.0.0/0"]).has("nonsense"));
  assert.ok(isLoopback("127.9.9.9") && isLoopback("::1") && !isLoopback("0.0.0.0"));
});
