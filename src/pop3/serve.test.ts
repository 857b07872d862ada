import assert from "node:assert/strict";
import { test } from "node:test";
import {
  concatBytes,
  decodeLatin1,
  encodeBase64,
  encodeLatin1,
  encodeUtf8,
} from "../base/bytes.ts";
import type { Channel } from "../base/channel.ts";
import { MailError } from "../base/errors.ts";
import { makeMemoryPipe, type MemoryChannelOptions } from "../base/testing/memory-channel.ts";
import { RecordingLog } from "../base/testing/recording-log.ts";
import { SeededRandom } from "../base/testing/seeded-random.ts";
import { TestClock } from "../base/testing/test-clock.ts";
import { nodeCrypto as crypto } from "../net/node-crypto.ts";
import { clientMechanism } from "../sasl/client-mechanism.ts";
import type { SaslServerDeps } from "../sasl/server-deps.ts";
import { MemoryCredentials } from "../sasl/testing/memory-credentials.ts";
import type { OpenRefusal, Pop3Handler } from "./handler.ts";
import type { Pop3Options } from "./pop3-session.ts";
import { servePop3, type Pop3Summary } from "./serve.ts";
import { ALLOWED, type Phase } from "./session.ts";
import { MemoryHandler, MemoryMaildrop } from "./testing/memory-maildrop.ts";

const MESSAGES = [
  "Subject: one\r\n\r\nfirst\r\nsecond\r\nthird\r\n",
  "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nx.\r\n",
  "Subject: no end\r\n\r\nlast line",
];

type World = {
  readonly maildrop: MemoryMaildrop;
  readonly handler: MemoryHandler;
  readonly client: ReturnType<typeof makeMemoryPipe>["client"];
  readonly server: ReturnType<typeof makeMemoryPipe>["server"];
  readonly clock: TestClock;
  readonly log: RecordingLog;
  readonly done: Promise<Pop3Summary>;
  /** All that the server has said so far. */
  readonly said: () => string;
  readonly writes: Uint8Array[];
};

type Wish = {
  readonly channel?: MemoryChannelOptions;
  readonly options?: Partial<Pop3Options>;
  readonly messages?: readonly (string | Uint8Array)[];
  readonly readLimit?: number;
  readonly sasl?: Partial<SaslServerDeps>;
  readonly opens?: OpenRefusal;
  readonly apop?: Pop3Handler["apop"];
  readonly timeouts?: boolean;
};

function makeWorld(wish: Wish = {}): World {
  const { client, server } = makeMemoryPipe({ implicitTls: true, ...wish.channel });
  const clock = new TestClock();
  const log = new RecordingLog();
  const deps: SaslServerDeps = {
    crypto,
    random: new SeededRandom(3),
    credentials: new MemoryCredentials(crypto, [
      { address: "ada@example.org", password: "pass word" },
      { address: "ü@example.org", password: "pässwörd" },
    ]),
    ...wish.sasl,
  };
  const maildrop = new MemoryMaildrop(wish.messages ?? MESSAGES, wish.readLimit);
  const handler = new MemoryHandler(deps, server, wish.opens ?? maildrop, wish.apop);
  const options = { clock, log, offersStartTls: true, ...wish.options };
  const writes: Uint8Array[] = [];
  void collect(client, writes);
  const channel = wish.timeouts ? withTimeouts(server, clock) : server;
  const done = servePop3(channel, handler, options);
  const said = (): string => decodeLatin1(concatBytes([new Uint8Array(0), ...writes]));
  return { maildrop, handler, client, server, clock, log, done, said, writes };
}

async function collect(client: Channel, into: Uint8Array[]): Promise<void> {
  for (;;) {
    const octets = await client.read(0).catch(() => undefined);
    if (octets === undefined) return;
    into.push(octets);
  }
}

/** A channel that keeps its read limit, on the test's clock. */
function withTimeouts(inner: Channel, clock: TestClock): Channel {
  return {
    local: inner.local,
    peer: inner.peer,
    get tls() {
      return inner.tls;
    },
    get pendingOctets() {
      return inner.pendingOctets;
    },
    read: (timeoutMs) =>
      new Promise((resolve, reject) => {
        const cancel = clock.setTimer(timeoutMs, () =>
          reject(new MailError("channel-timeout", "silence")),
        );
        inner.read(timeoutMs).then(
          (octets) => (cancel(), resolve(octets)),
          (error: Error) => (cancel(), reject(error)),
        );
      }),
    write: (octets) => inner.write(octets),
    startTls: (tlsWish) => inner.startTls(tlsWish),
    close: () => inner.close(),
    abort: () => inner.abort(),
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Sends `input` at once, hangs up, and gives all that was said. */
async function converse(input: string, wish: Wish = {}): Promise<World & { text: string }> {
  const world = makeWorld(wish);
  await world.client.write(encodeUtf8(input));
  await settle();
  world.client.abort();
  await world.done;
  return { ...world, text: world.said() };
}

/** Checks a script of C: and S: lines, sent pipelined, cut into pieces of every size. */
function dialogue(title: string, script: string, wish: Wish = {}): void {
  const lines = script
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const of = (side: string): string =>
    lines
      .filter((line) => line.startsWith(side))
      .map((line) => `${line.slice(side.length).trimStart().replace("␠", " ")}\r\n`)
      .join("");
  for (const chunkOctets of [1, 2, 3, 7, 4096]) {
    test(`${title} (pieces of ${chunkOctets})`, async () => {
      const { text } = await converse(of("C:"), {
        ...wish,
        channel: { implicitTls: true, ...wish.channel, chunkOctets },
      });
      assert.equal(text, of("S:"));
    });
  }
}

const LOGIN = `
  S: +OK POP3 ready
  C: USER ada@example.org
  S: +OK now PASS
  C: PASS pass word
  S: +OK 3 messages, 98 octets`;

dialogue(
  "RFC 1939 §10: log in, look, fetch, delete, leave",
  `${LOGIN}
  C: STAT
  S: +OK 3 98
  C: LIST
  S: +OK 3 messages
  S: 1 38
  S: 2 32
  S: 3 28
  S: .
  C: UIDL
  S: +OK 3 messages
  S: 1 17.101
  S: 2 17.102
  S: 3 17.103
  S: .
  C: RETR 1
  S: +OK 38 octets
  S: Subject: one
  S:
  S: first
  S: second
  S: third
  S: .
  C: DELE 1
  S: +OK message 1 is marked
  C: RETR 1
  S: -ERR message 1 is marked as deleted
  C: DELE 1
  S: -ERR message 1 is marked as deleted
  C: STAT
  S: +OK 2 60
  C: LIST
  S: +OK 2 messages
  S: 2 32
  S: 3 28
  S: .
  C: LIST 1
  S: -ERR message 1 is marked as deleted
  C: LIST 2
  S: +OK 2 32
  C: UIDL 2
  S: +OK 2 17.102
  C: NOOP
  S: +OK
  C: QUIT
  S: +OK goodbye, 2 messages left`,
);

dialogue(
  "RFC 1939 §5: RSET unmarks",
  `${LOGIN}
  C: DELE 2
  S: +OK message 2 is marked
  C: RSET
  S: +OK 3 messages, 98 octets
  C: LIST 2
  S: +OK 2 32
  C: QUIT
  S: +OK goodbye, 3 messages left`,
);

dialogue(
  "security row 92: RETR and TOP stuff dots and end a line that has no end",
  `${LOGIN}
  C: RETR 2
  S: +OK 32 octets
  S: Subject: dots
  S:
  S: ..
  S: ...
  S: ..x
  S: x.
  S: .
  C: RETR 3
  S: +OK 28 octets
  S: Subject: no end
  S:
  S: last line
  S: .
  C: TOP 1 0
  S: +OK 38 octets
  S: Subject: one
  S:
  S: .
  C: TOP 1 2
  S: +OK 38 octets
  S: Subject: one
  S:
  S: first
  S: second
  S: .
  C: TOP 2 1
  S: +OK 32 octets
  S: Subject: dots
  S:
  S: ..
  S: .
  C: TOP 3 99
  S: +OK 28 octets
  S: Subject: no end
  S:
  S: last line
  S: .`,
);

dialogue(
  "commands that are not: each its sentence, and the session goes on",
  `${LOGIN}
  C: RETR
  S: -ERR RETR needs a message number
  C: RETR 0
  S: -ERR there is no message 0
  C: RETR 4
  S: -ERR there is no message 4
  C: RETR -1
  S: -ERR RETR needs a message number
  C: RETR 99999999999999999999
  S: -ERR RETR needs a message number
  C: TOP 1
  S: -ERR TOP needs a message number and a number of lines
  C: LIST 1 2
  S: -ERR LIST needs a message number
  C: STAT now
  S: -ERR STAT takes no argument
  C: XYZZY
  S: -ERR unknown command
  C:
  S: -ERR unknown command
  C: __proto__
  S: -ERR unknown command
  C: constructor
  S: -ERR unknown command
  C: stat
  S: +OK 3 98
  C: list 3
  S: +OK 3 28
  C: quit
  S: +OK goodbye, 3 messages left`,
);

dialogue(
  "RFC 2449: capabilities before and after login, under TLS",
  `S: +OK POP3 ready
  C: CAPA
  S: +OK capabilities follow
  S: TOP
  S: UIDL
  S: RESP-CODES
  S: AUTH-RESP-CODE
  S: PIPELINING
  S: USER
  S: SASL SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN
  S: UTF8 USER
  S: LANG
  S: LOGIN-DELAY 60
  S: EXPIRE 30
  S: IMPLEMENTATION Posthorn
  S: .
  C: USER ada@example.org
  S: +OK now PASS
  C: PASS pass word
  S: +OK 3 messages, 98 octets
  C: CAPA
  S: +OK capabilities follow
  S: TOP
  S: UIDL
  S: RESP-CODES
  S: AUTH-RESP-CODE
  S: PIPELINING
  S: UTF8 USER
  S: LANG
  S: LOGIN-DELAY 60
  S: EXPIRE 30
  S: IMPLEMENTATION Posthorn
  S: .`,
  { options: { expireDays: 30, loginDelaySeconds: 60 } },
);

dialogue(
  "security row 15: no password in the clear, and none asked for",
  `S: +OK POP3 ready
  C: CAPA
  S: +OK capabilities follow
  S: TOP
  S: UIDL
  S: RESP-CODES
  S: AUTH-RESP-CODE
  S: PIPELINING
  S: STLS
  S: UTF8 USER
  S: LANG
  S: EXPIRE NEVER
  S: IMPLEMENTATION Posthorn
  S: .
  C: USER ada@example.org
  S: -ERR use STLS first
  C: PASS pass word
  S: -ERR USER comes before PASS
  C: AUTH PLAIN AGFkYUBleGFtcGxlLm9yZwBwYXNzIHdvcmQ=
  S: -ERR use STLS first
  C: AUTH
  S: +OK mechanisms follow
  S: .`,
  { channel: { implicitTls: false } },
);

dialogue("USER and PASS in the clear where the operator allows it", LOGIN, {
  channel: { implicitTls: false },
  options: { allowPlaintextAuth: true },
});

dialogue(
  "RFC 5034: AUTH PLAIN with and without initial response, cancelled, malformed, unknown",
  `S: +OK POP3 ready
  C: AUTH
  S: +OK mechanisms follow
  S: SCRAM-SHA-256
  S: SCRAM-SHA-1
  S: PLAIN
  S: LOGIN
  S: .
  C: AUTH KERBEROS_V4
  S: -ERR unknown mechanism
  C: AUTH PLAIN
  S: +␠
  C: *
  S: -ERR cancelled
  C: AUTH PLAIN
  S: +␠
  C: !!!
  S: -ERR the response is not base64
  C: AUTH PLAIN =
  S: -ERR not a PLAIN message
  C: AUTH PLAIN a b
  S: -ERR AUTH takes a mechanism and one initial response
  C: AUTH PLAIN AGFkYUBleGFtcGxlLm9yZwBwYXNzIHdvcmQ
  S: -ERR the initial response is not base64
  C: AUTH PLAIN AGFkYUBleGFtcGxlLm9yZwB3cm9uZw==
  S: -ERR [AUTH] wrong name or password
  C: auth plain AGFkYUBleGFtcGxlLm9yZwBwYXNzIHdvcmQ=
  S: +OK 3 messages, 98 octets`,
);

dialogue(
  "AUTH LOGIN",
  `S: +OK POP3 ready
  C: AUTH LOGIN
  S: + VXNlcm5hbWU6
  C: ${encodeBase64(encodeUtf8("ü@example.org"))}
  S: + UGFzc3dvcmQ6
  C: ${encodeBase64(encodeUtf8("pässwörd"))}
  S: +OK 3 messages, 98 octets`,
);

dialogue(
  "RFC 6856: UTF8 and LANG",
  `S: +OK POP3 ready
  C: UTF8
  S: +OK UTF-8 enabled
  C: LANG
  S: +OK languages follow
  S: en English
  S: .
  C: LANG *
  S: +OK en this is English
  C: LANG en-GB
  S: +OK en this is English
  C: LANG fr
  S: -ERR only English is spoken here
  C: USER ü@example.org
  S: +OK now PASS
  C: PASS pässwörd
  S: +OK 3 messages, 98 octets
  C: UTF8
  S: -ERR UTF8 is for before you log in`,
);

dialogue(
  "security row 37: three strikes close",
  `S: +OK POP3 ready
  C: USER ada@example.org
  S: +OK now PASS
  C: PASS one
  S: -ERR [AUTH] wrong name or password
  C: USER nobody@example.org
  S: +OK now PASS
  C: PASS two
  S: -ERR [AUTH] wrong name or password
  C: AUTH PLAIN AGFkYUBleGFtcGxlLm9yZwB3cm9uZw==
  S: -ERR [AUTH] wrong name or password
  C: USER ada@example.org`,
);

dialogue(
  "RFC 2449 §8.1.1: a maildrop in use is IN-USE, and another try may follow",
  `S: +OK POP3 ready
  C: USER ada@example.org
  S: +OK now PASS
  C: PASS pass word
  S: -ERR [IN-USE] another session has the maildrop
  C: STAT
  S: -ERR log in first
  C: QUIT
  S: +OK goodbye`,
  { opens: { code: "IN-USE", text: "another session has the maildrop" } },
);

test("STLS: everything after it in the clear is dropped (security row 12)", async () => {
  const injected = "STLS\r\nUSER ada@example.org\r\nPASS pass word\r\nDELE 1\r\nQUIT\r\n";
  for (const chunkOctets of [1, 7, 4096]) {
    const world = makeWorld({ channel: { implicitTls: false, chunkOctets } });
    await world.client.write(encodeLatin1(injected));
    await settle();
    assert.equal(world.said(), "+OK POP3 ready\r\n+OK begin TLS\r\n");
    await world.client.write(encodeLatin1("STAT\r\nQUIT\r\n"));
    await world.done;
    await settle();
    assert.ok(world.said().endsWith("-ERR log in first\r\n+OK goodbye\r\n"), world.said());
    assert.deepEqual(world.maildrop.updates, []);
  }
});

test("STLS: what was said before it is forgotten (security row 13)", async () => {
  const wish = { channel: { implicitTls: false }, options: { allowPlaintextAuth: true } };
  const world = makeWorld(wish);
  await world.client.write(encodeLatin1("USER ada@example.org\r\nSTLS\r\n"));
  await settle();
  await world.client.write(encodeLatin1("PASS pass word\r\nSTLS\r\nSTLS now\r\nQUIT\r\n"));
  await world.done;
  assert.deepEqual(world.said().split("\r\n").slice(3), [
    "-ERR USER comes before PASS",
    "-ERR TLS is active already",
    "-ERR STLS takes no argument",
    "+OK goodbye",
    "",
  ]);
});

test("STLS is not offered where the listener has no TLS", async () => {
  const options = { offersStartTls: false };
  const { text } = await converse("STLS\r\nCAPA\r\nUSER x\r\nQUIT\r\n", {
    channel: { implicitTls: false },
    options,
  });
  assert.match(text, /-ERR TLS is not offered here\r\n/);
  assert.ok(!text.includes("\r\nSTLS\r\n"));
  assert.match(text, /-ERR passwords are not taken without TLS\r\n/);
});

test("AUTH SCRAM-SHA-256: the server's final goes as a challenge with an empty answer", async () => {
  const world = makeWorld();
  const ada = clientMechanism(
    "SCRAM-SHA-256",
    { name: "ada@example.org", password: "pass word" },
    { crypto, random: new SeededRandom(9) },
  )!;
  const line = (octets: Uint8Array): Uint8Array => encodeLatin1(`${encodeBase64(octets)}\r\n`);
  const challenge = (): Uint8Array => {
    const last = world.said().trimEnd().split("\r\n").at(-1)!;
    assert.ok(last.startsWith("+ "), last);
    return Buffer.from(last.slice(2), "base64");
  };
  await world.client.write(encodeLatin1(`AUTH SCRAM-SHA-256 ${encodeBase64(ada.initial()!)}\r\n`));
  for (let round = 0; round < 2; round++) {
    for (let wait = 0; wait < 100 && world.said().split("\r\n").length < round + 3; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await world.client.write(line(await ada.step(challenge())));
  }
  await settle();
  assert.ok(ada.verify(undefined));
  assert.ok(world.said().endsWith("+OK 3 messages, 98 octets\r\n"), world.said());
  world.client.abort();
  assert.equal((await world.done).identity, "ada@example.org");
});

test("APOP (RFC 1939 §7): only where the handler offers it, with its timestamp in the banner", async () => {
  const apop: Pop3Handler["apop"] = {
    timestamp: "<1896.697170952@dbc.mtview.ca.us>",
    login: async (name, digest) =>
      name === "mrose" && digest === "c4c9334bac560ecc979e58001b3e22fb"
        ? { type: "success", identity: "mrose" }
        : { type: "failure", reason: "refused" },
  };
  const with_ = await converse(
    "APOP mrose c4c9334bac560ecc979e58001b3e22fa\r\nAPOP mrose\r\nAPOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n",
    { apop },
  );
  assert.deepEqual(with_.text.split("\r\n"), [
    "+OK POP3 ready <1896.697170952@dbc.mtview.ca.us>",
    "-ERR [AUTH] wrong name or password",
    "-ERR APOP needs a name and a digest",
    "+OK 3 messages, 98 octets",
    "",
  ]);
  const without = await converse("APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n");
  assert.match(without.text, /-ERR APOP is not offered here\r\n/);
});

const ARGUMENTS: Readonly<Record<string, string>> = {
  USER: " ada@example.org",
  PASS: " pass word",
  APOP: " ada 0123456789abcdef0123456789abcdef",
  AUTH: " NOSUCH",
  RETR: " 1",
  DELE: " 1",
  TOP: " 1 1",
};
const ENTER: Readonly<Record<Phase, string>> = {
  authorization: "",
  named: "USER ada@example.org\r\n",
  transaction: "USER ada@example.org\r\nPASS pass word\r\n",
};
for (const [verb, row] of Object.entries(ALLOWED)) {
  for (const phase of ["authorization", "named", "transaction"] as const) {
    test(`every cell: ${verb} when ${phase} is ${row[phase] ? "answered" : "out of place"}`, async () => {
      const before = ENTER[phase].split("\r\n").length;
      const { text } = await converse(`${ENTER[phase]}${verb}${ARGUMENTS[verb] ?? ""}\r\n`);
      const answer = text.split("\r\n")[before];
      const isMisplaced =
        /^-ERR (?:log in first|USER comes before PASS|\w+ is for before you log in)$/.test(answer);
      assert.match(answer, /^(?:\+OK|-ERR)/);
      assert.equal(isMisplaced, !row[phase], answer);
    });
  }
}

test("security row 92: DELE takes effect at QUIT only, all of it at once", async () => {
  const login = ENTER.transaction;
  const dropped = await converse(`${login}DELE 1\r\nDELE 3\r\n`);
  assert.deepEqual(dropped.maildrop.updates, []);
  assert.equal(dropped.maildrop.releases, 1);
  const quit = await converse(`${login}RETR 2\r\nDELE 1\r\nDELE 3\r\nQUIT\r\n`);
  assert.deepEqual(quit.maildrop.updates, [{ deleted: [0, 2], retrieved: [1] }]);
  assert.equal((await quit.done).deletedMessages, 2);
});

test("Invariant 1: QUIT says +OK only after the update, and -ERR when it failed", async () => {
  const world = makeWorld();
  world.maildrop.failure = new MailError("disk-full", "no space");
  await world.client.write(encodeLatin1(`${ENTER.transaction}DELE 1\r\nQUIT\r\n`));
  const summary = await world.done;
  assert.ok(world.said().endsWith("-ERR [SYS/TEMP] the marked messages were not removed\r\n"));
  assert.equal(summary.deletedMessages, 0);
  assert.equal(world.maildrop.releases, 1);
  assert.ok(world.log.events.some(({ event }) => event === "pop3.update-failed"));
});

test("security row 92: a percent sign in a name is data", async () => {
  const { text } = await converse("USER %s%n%{pid}\r\nPASS %s\r\n");
  assert.match(text, /-ERR \[AUTH\] wrong name or password\r\n$/);
});

test("PIPELINING (RFC 2449 §6.6): commands that came together are answered in one write", async () => {
  const world = await converse(`${ENTER.transaction}STAT\r\nLIST\r\nRETR 1\r\nDELE 1\r\nNOOP\r\n`);
  const octets = world.writes.map((write) => write.length);
  assert.ok(octets.length <= 3, `${octets.length} writes`);
});

test("a long message goes out slice by slice, with no more in memory than that", async () => {
  const line = `${"x".repeat(76)}\r\n`;
  const big = encodeLatin1(`Subject: big\r\n\r\n${line.repeat(20_000)}.\r\n`);
  for (const readLimit of [Number.MAX_VALUE, 100_003]) {
    const world = await converse(`${ENTER.transaction}RETR 1\r\nSTAT\r\n`, {
      messages: [big],
      readLimit,
    });
    const body = world.text.slice(world.text.indexOf(" octets\r\nSubject") + 9);
    const end = body.indexOf("\r\n.\r\n+OK 1 ");
    assert.equal(body.slice(0, end + 2).replaceAll("\r\n..", "\r\n."), decodeLatin1(big));
    assert.ok(Math.max(...world.writes.map((write) => write.length)) < 700_000);
  }
});

test("a slow reader holds the engine back (Invariant 7)", async () => {
  const { client, server } = makeMemoryPipe({ implicitTls: true });
  let pending = 0;
  let most = 0;
  const gates: (() => void)[] = [];
  const slow: Channel = Object.create(server, {
    write: {
      value: async (octets: Uint8Array) => {
        pending += octets.length;
        most = Math.max(most, pending);
        await new Promise<void>((open) => gates.push(open));
        pending -= octets.length;
        await server.write(octets);
      },
    },
    read: { value: (timeoutMs: number) => server.read(timeoutMs) },
    tls: { get: () => server.tls },
    close: { value: () => server.close() },
    abort: { value: () => server.abort() },
  }) as Channel;
  const deps = {
    crypto,
    random: new SeededRandom(1),
    credentials: new MemoryCredentials(crypto, [{ address: "ada", password: "x" }]),
  };
  const maildrop = new MemoryMaildrop([new Uint8Array(20_000_000)]);
  const done = servePop3(slow, new MemoryHandler(deps, server, maildrop), {
    clock: new TestClock(),
  });
  await client.write(encodeLatin1("USER ada\r\nPASS x\r\nRETR 1\r\nRETR 1\r\n"));
  for (let round = 0; round < 10; round++) {
    await settle();
    gates.shift()?.();
  }
  await settle();
  assert.ok(most < 1_000_000, `${most} octets waited`);
  client.abort();
  for (let round = 0; round < 10; round++) {
    gates.splice(0).forEach((open) => open());
    await settle();
  }
  assert.equal((await done).end, "closed");
});

test("a message expunged by another program is an -ERR, not a broken response", async () => {
  const world = makeWorld();
  await world.client.write(encodeLatin1(ENTER.transaction));
  await settle();
  world.maildrop.messages[1] = undefined;
  Object.defineProperty(world.maildrop, "sizeOctets", { value: () => 32 });
  await world.client.write(encodeLatin1("RETR 2\r\nNOOP\r\nQUIT\r\n"));
  await world.done;
  assert.deepEqual(world.said().split("\r\n").slice(3), [
    "-ERR [SYS/PERM] this message has been removed by another program",
    "+OK",
    "+OK goodbye, 3 messages left",
    "",
  ]);
});

test("a store that fails before an answer is heard of; in the middle of one the line is cut", async () => {
  const login = ENTER.transaction;
  const early = makeWorld();
  early.maildrop.read = () => Promise.reject(new MailError("store-busy", "locked"));
  await early.client.write(encodeLatin1(`${login}RETR 1\r\nQUIT\r\n`));
  await early.done;
  assert.match(early.said(), /-ERR \[SYS\/TEMP\] not possible now\r\n\+OK goodbye/);

  const late = makeWorld({ messages: [new Uint8Array(1_000_000)] });
  const read = late.maildrop.read.bind(late.maildrop);
  late.maildrop.read = (index, start, end) =>
    start > 0 ? Promise.reject(new MailError("disk-failed", "EIO")) : read(index, start, end);
  await late.client.write(encodeLatin1(`${login}DELE 1\r\nRSET\r\nRETR 1\r\nQUIT\r\n`));
  const summary = await late.done;
  assert.equal(summary.end, "failed");
  assert.ok(!late.said().includes("goodbye"));
  assert.deepEqual(late.maildrop.updates, []);

  const short = makeWorld({ messages: ["12345"] });
  Object.defineProperty(short.maildrop, "sizeOctets", { value: () => 9 });
  await short.client.write(encodeLatin1(`${login}RETR 1\r\nQUIT\r\n`));
  assert.equal((await short.done).end, "failed");
});

test("our own bug ends this session alone, and is logged", async () => {
  const world = makeWorld();
  world.handler.login = () => Promise.reject(new TypeError("oops"));
  await world.client.write(encodeLatin1(ENTER.transaction));
  assert.equal((await world.done).end, "failed");
  assert.ok(world.log.events.some(({ event }) => event === "pop3.session-failed"));
});

test("security row 21: an endless line costs constant memory and is one error", async () => {
  const world = makeWorld();
  for (let sent = 0; sent < 200; sent++) await world.client.write(new Uint8Array(10_000).fill(65));
  await world.client.write(encodeLatin1("\r\nNOOP\r\nQUIT\r\n"));
  await world.done;
  assert.deepEqual(world.said().split("\r\n").slice(1), [
    "-ERR line too long",
    "-ERR log in first",
    "+OK goodbye",
    "",
  ]);
});

test("only CRLF ends a line: what follows a bare LF or CR is no command", async () => {
  const { text } = await converse("NOOP\nQUIT\r\nNOOP\rQUIT\r\nQUIT\r\n");
  assert.equal(
    text,
    "+OK POP3 ready\r\n-ERR unknown command\r\n-ERR unknown command\r\n+OK goodbye\r\n",
  );
});

test("too many errors end the session", async () => {
  const { text, done } = await converse("XYZZY\r\n".repeat(500), {
    options: { maxBadCommands: 5 },
  });
  assert.equal(text.split("-ERR unknown command\r\n").length - 1, 6);
  assert.ok(text.endsWith("-ERR too many errors, goodbye\r\n"));
  assert.equal((await done).end, "too-many-errors");
});

test("RFC 1939 §3: autologout after ten minutes, without update and without a word", async () => {
  const world = makeWorld({ timeouts: true });
  await world.client.write(encodeLatin1(`${ENTER.transaction}DELE 1\r\n`));
  await settle();
  const before = world.said();
  await world.clock.advance(599_000, settle);
  await world.client.write(encodeLatin1("NOOP\r\n"));
  await settle();
  await world.clock.advance(599_000, settle);
  assert.equal(world.said(), `${before}+OK\r\n`);
  await world.clock.advance(2_000, settle);
  assert.equal((await world.done).end, "timeout");
  assert.equal(world.said(), `${before}+OK\r\n`);
  assert.deepEqual(world.maildrop.updates, []);
  assert.equal(world.maildrop.releases, 1);
});

test("security row 25: one octet a minute does not keep a session alive", async () => {
  const world = makeWorld({ timeouts: true });
  for (let minute = 0; minute < 12; minute++) {
    await world.client.write(encodeLatin1("N")).catch(() => undefined);
    await settle();
    await world.clock.advance(60_000, settle);
  }
  assert.equal((await world.done).end, "timeout");
});

test("security row 25: who only asks for CAPA is not kept for ever; who has logged in is", async () => {
  for (const isLoggedIn of [false, true]) {
    const world = makeWorld({ timeouts: true });
    if (isLoggedIn) await world.client.write(encodeLatin1(ENTER.transaction));
    await settle();
    for (let minute = 0; minute < 15; minute++) {
      await world.client.write(encodeLatin1("CAPA\r\n")).catch(() => undefined);
      await settle();
      await world.clock.advance(60_000, settle);
    }
    assert.equal(world.said().split("IMPLEMENTATION").length - 1, isLoggedIn ? 15 : 10);
    await world.client.close();
    assert.equal((await world.done).end, isLoggedIn ? "closed" : "timeout");
  }
});

test("shutdown: an idle session ends at once, a busy one after its command, QUIT still counts", async () => {
  const goodbye = "-ERR [SYS/TEMP] the server is shutting down\r\n";
  const idle = new AbortController();
  const waiting = makeWorld({ options: { shutdown: idle.signal } });
  await waiting.client.write(encodeLatin1(`${ENTER.transaction}DELE 1\r\n`));
  await settle();
  idle.abort();
  assert.equal((await waiting.done).end, "shutdown");
  await settle();
  assert.ok(waiting.said().endsWith(goodbye));
  assert.deepEqual(waiting.maildrop.updates, []);

  for (const last of ["RETR 1\r\nNOOP\r\n", "QUIT\r\n"]) {
    const busy = new AbortController();
    const world = makeWorld({ options: { shutdown: busy.signal } });
    const read = world.maildrop.read.bind(world.maildrop);
    world.maildrop.read = (...range) => (busy.abort(), read(...range));
    const update = world.maildrop.update.bind(world.maildrop);
    world.maildrop.update = (...lists) => (busy.abort(), update(...lists));
    await world.client.write(encodeLatin1(`${ENTER.transaction}DELE 2\r\n${last}`));
    const isQuit = last.startsWith("QUIT");
    assert.equal((await world.done).end, isQuit ? "quit" : "shutdown");
    await settle();
    const ending = isQuit ? "+OK goodbye, 2 messages left\r\n" : `third\r\n.\r\n${goodbye}`;
    assert.ok(world.said().endsWith(ending), world.said());
    assert.equal(world.maildrop.updates.length, isQuit ? 1 : 0);
  }
  const before = AbortSignal.abort();
  const late = makeWorld({ options: { shutdown: before } });
  assert.equal((await late.done).end, "shutdown");
});

test("security row 36: hanging up in the middle of AUTH ends the session, nobody logged in", async () => {
  const { done, maildrop } = await converse("AUTH LOGIN\r\nYWRhQGV4YW1wbGUub3Jn\r\n");
  const summary = await done;
  assert.equal(summary.end, "closed");
  assert.equal(summary.identity, undefined);
  assert.equal(maildrop.releases, 0);
});

test("security row 38: an unknown name and a wrong password look the same", async () => {
  const wrong = await converse("USER ada@example.org\r\nPASS nope\r\n");
  const unknown = await converse("USER nobody@example.org\r\nPASS nope\r\n");
  const impossible = await converse("USER a\u0001b\r\nPASS nope\r\n");
  assert.equal(wrong.text, unknown.text);
  assert.equal(wrong.text, impossible.text);
});

test("a password check that is not possible now is SYS/TEMP (RFC 3206)", async () => {
  const credentials = {
    verifyPassword: () => Promise.reject(new MailError("store-busy", "locked")),
    scramVerifier: () => Promise.reject(new MailError("store-busy", "locked")),
    accountByName: () => undefined,
  };
  const { text } = await converse("USER a\r\nPASS b\r\nAUTH PLAIN AGEAYg==\r\n", {
    sasl: { credentials },
  });
  assert.equal(text.split("-ERR [SYS/TEMP] ").length - 1, 2, text);
});

test("the summary says who took how much, for accounting", async () => {
  const { done } = await converse(`${ENTER.transaction}RETR 1\r\nTOP 1 0\r\nDELE 1\r\nQUIT\r\n`);
  assert.deepEqual(await done, {
    end: "quit",
    identity: "ada@example.org",
    sentMessages: 2,
    sentOctets: 38 + 16,
    deletedMessages: 1,
  });
});

test("an empty maildrop", async () => {
  const { text } = await converse(
    `${ENTER.transaction}STAT\r\nLIST\r\nUIDL\r\nRETR 1\r\nQUIT\r\n`,
    {
      messages: [],
    },
  );
  assert.ok(
    text.endsWith(
      "+OK 0 0\r\n+OK 0 messages\r\n.\r\n+OK 0 messages\r\n.\r\n-ERR there is no message 1\r\n+OK goodbye, 0 messages left\r\n",
    ),
    text,
  );
});
