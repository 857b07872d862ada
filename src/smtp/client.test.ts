import assert from "node:assert/strict";
import { test } from "node:test";
import { makeMemoryPipe } from "../base/testing/memory-channel.ts";
import { RecordingLog } from "../base/testing/recording-log.ts";
import { TestClock } from "../base/testing/test-clock.ts";
import type { ClientMechanism } from "../sasl/mechanism.ts";
import { SmtpClient, type SmtpClientOptions } from "./client.ts";
import type { OutgoingTransaction, RecipientOutcome } from "./delivery.ts";
import { type Answer, ScriptedServer } from "./testing/scripted-server.ts";

const EHLO = "250-mx.example.org hello\n250-PIPELINING\n250-8BITMIME\n250-SIZE 1000\n250 DSN";

/** Says yes to everything. */
const friendly: Answer = (command) => {
  if (command.startsWith("EHLO") || command.startsWith("LHLO")) return EHLO;
  if (command === "DATA") return "354 go on";
  return command === "QUIT" ? "221 bye" : "250 2.0.0 Ok";
};

/** Answers by the first prefix that fits; else as `friendly`. */
function answers(table: Readonly<Record<string, string | undefined | null>>): Answer {
  return (command, count) => {
    const prefix = Object.keys(table).find((each) => command.startsWith(each));
    return prefix === undefined ? friendly(command, count) : table[prefix];
  };
}

function dial(
  answer: Answer,
  options: Partial<SmtpClientOptions> = {},
  banner: string | null = "220 hello",
) {
  const clock = new TestClock();
  const pipe = makeMemoryPipe({ clock });
  const server = new ScriptedServer(pipe.server);
  const played = server.play(banner ?? undefined, answer);
  const log = new RecordingLog();
  const client = new SmtpClient(pipe.client, {
    clientName: "client.example",
    clock,
    log,
    ...options,
  });
  return { client, server, played, clock, log, pipe };
}

const address = (localPart: string, domain = "example.org") => ({ localPart, domain });

function transaction(
  change: Partial<OutgoingTransaction> & {
    text?: string;
    body?: "7bit" | "8bitmime" | "binarymime";
  },
): OutgoingTransaction {
  const octets = Buffer.from(change.text ?? "Subject: x\r\n\r\n.hello\r\n", "latin1");
  return {
    reversePath: address("a"),
    recipients: [{ address: address("b") }],
    content: {
      sizeOctets: octets.length,
      body: change.body ?? "7bit",
      needsSmtpUtf8: false,
      chunks: () => [octets],
    },
    ...change,
  };
}

const to = (...names: string[]) => names.map((name) => ({ address: address(name) }));

function summary(outcomes: readonly RecipientOutcome[]): string[] {
  return outcomes.map((outcome) => {
    if (outcome.status === "unsent") return `unsent ${outcome.reason}`;
    if (outcome.status === "lost") return `lost ${outcome.stage} ${outcome.error.code}`;
    if (outcome.status === "accepted") return `accepted ${outcome.reply.code}`;
    const again = outcome.temporary ? "later" : "never";
    return `refused ${outcome.stage} ${outcome.reply.code} ${again}`;
  });
}

test("client: one message, pipelined, dots stuffed", async () => {
  const { client, server } = dial(friendly);
  assert.equal((await client.open()).ok, true);
  assert.equal(client.extensions.serverName, "mx.example.org");
  const report = await client.deliver(transaction({}));
  assert.deepEqual(summary(report.outcomes), ["accepted 250"]);
  assert.equal(report.isReusable, true);
  assert.equal(report.passedDsn, true);
  assert.deepEqual(server.commands, [
    "EHLO client.example",
    "MAIL FROM:<a@example.org> SIZE=22",
    "RCPT TO:<b@example.org>",
    "DATA",
  ]);
  assert.deepEqual(server.contents, ["Subject: x\r\n\r\n.hello\r\n"]);
  assert(server.groups.includes(3), "MAIL, RCPT and DATA came together");
  await client.quit();
  assert.equal(server.commands.at(-1), "QUIT");
});

test("A10: client without PIPELINING waits for each reply", async () => {
  const { client, server } = dial(answers({ EHLO: "250 mx" }));
  await client.open();
  await client.deliver(transaction({ recipients: to("b", "c") }));
  assert.deepEqual(
    server.groups.slice(0, 5).every((lines) => lines === 1),
    true,
  );
});

test("A4: client falls back to HELO, and then uses no parameters", async () => {
  const { client, server } = dial(answers({ EHLO: "502 what?", HELO: "250 mx" }));
  assert.equal((await client.open()).ok, true);
  await client.deliver(transaction({}));
  assert.deepEqual(server.commands.slice(0, 3), [
    "EHLO client.example",
    "HELO client.example",
    "MAIL FROM:<a@example.org>",
  ]);
});

test("A4: EHLO and HELO both refused is an outcome, a 4xx is not retried as HELO", async () => {
  const both = dial(answers({ EHLO: "550 no", HELO: "550 5.7.1 no" }));
  assert.deepEqual(await both.client.open(), {
    ok: false,
    stage: "helo",
    reply: { code: 550, enhanced: "5.7.1", lines: ["no"] },
  });
  const busy = dial(answers({ EHLO: "451 4.3.0 busy" }));
  assert.equal((await busy.client.open()).ok, false);
  assert.deepEqual(busy.server.commands, ["EHLO client.example"]);
});

test("A8: client told 554 in the banner has an outcome, not an exception", async () => {
  const { client } = dial(friendly, {}, "554-no mail\n554 here");
  assert.deepEqual(await client.open(), {
    ok: false,
    stage: "banner",
    reply: { code: 554, lines: ["no mail", "here"] },
  });
});

test("A3, E27: client keeps each recipient's own fate; 552 to RCPT means later", async () => {
  for (const usePipelining of [true, false]) {
    const { client, server } = dial(
      answers({
        "RCPT TO:<no@": "550 5.1.1 unknown",
        "RCPT TO:<later@": "451 4.7.1 grey",
        "RCPT TO:<many@": "552 too many recipients",
      }),
      { usePipelining },
    );
    await client.open();
    const report = await client.deliver(
      transaction({ recipients: to("ok", "no", "later", "many", "ok2") }),
    );
    assert.deepEqual(summary(report.outcomes), [
      "accepted 250",
      "refused rcpt 550 never",
      "refused rcpt 451 later",
      "refused rcpt 552 later",
      "accepted 250",
    ]);
    assert.equal(report.isReusable, true);
    assert.equal(server.contents.length, 1);
  }
});

test("A6: client ends a 354 that no recipient stands behind with an empty message", async () => {
  const { client, server } = dial(
    answers({ RCPT: "550 5.1.1 unknown", ".": "554 5.5.1 no recipients" }),
  );
  await client.open();
  const report = await client.deliver(transaction({}));
  assert.deepEqual(summary(report.outcomes), ["refused rcpt 550 never"]);
  assert.deepEqual(server.contents, [""]);
  assert.equal(report.isReusable, true);
});

test("A10: client matches every reply with its command when MAIL is refused", async () => {
  const { client, server } = dial(
    answers({ MAIL: "550 5.7.1 not you", RCPT: "503 mail first", DATA: "503 rcpt first" }),
  );
  await client.open();
  const report = await client.deliver(transaction({ recipients: to("b", "c") }));
  assert.deepEqual(summary(report.outcomes), ["refused mail 550 never", "refused mail 550 never"]);
  assert.equal(report.isReusable, true);
  // The next transaction begins with RSET, in the same group.
  await client.deliver(transaction({}));
  assert(server.commands.includes("RSET"));
});

test("A10: client sends many recipients in windows and checks every reply", async () => {
  const { client, server } = dial(answers({ "RCPT TO:<user7@": "550 5.1.1 no" }));
  await client.open();
  const names = Array.from({ length: 250 }, (_, index) => `user${index}`);
  const report = await client.deliver(transaction({ recipients: to(...names) }));
  assert.equal(report.outcomes.filter(({ status }) => status === "accepted").length, 249);
  assert.equal(report.outcomes[7].status, "refused");
  assert(Math.max(...server.groups) <= 100);
});

test("A7: 421 at any point ends the connection and defers who is left", async () => {
  const stages: [string, string][] = [
    ["MAIL", "refused mail 421 later"],
    ["RCPT", "refused rcpt 421 later"],
    ["DATA", "refused data 421 later"],
    [".", "refused content 421 later"],
  ];
  for (const [command, expected] of stages) {
    for (const usePipelining of [true, false]) {
      const { client } = dial(answers({ [command]: "421 4.3.2 going down" }), { usePipelining });
      await client.open();
      const report = await client.deliver(transaction({ recipients: to("b", "c") }));
      assert.deepEqual(summary(report.outcomes), [expected, expected], command);
      assert.equal(report.isReusable, false);
      await client.quit();
    }
  }
});

test("client: a connection lost at each stage is an outcome", async () => {
  const stages: [string, string][] = [
    ["MAIL", "lost mail channel-closed"],
    ["RCPT", "lost rcpt channel-closed"],
    ["DATA", "lost data channel-closed"],
    [".", "lost content channel-closed"],
  ];
  for (const [command, expected] of stages) {
    const { client } = dial(answers({ [command]: undefined }), { usePipelining: false });
    await client.open();
    const report = await client.deliver(transaction({}));
    assert.deepEqual(summary(report.outcomes), [expected], command);
    assert.equal(report.isReusable, false);
  }
});

test("client: refused before it was lost stays refused", async () => {
  const { client } = dial(answers({ "RCPT TO:<no@": "550 5.1.1 no", DATA: undefined }));
  await client.open();
  const report = await client.deliver(transaction({ recipients: to("no", "b") }));
  assert.deepEqual(summary(report.outcomes), [
    "refused rcpt 550 never",
    "lost data channel-closed",
  ]);
});

/** How long the client waits at a step at which the server falls silent. */
async function patienceAt(command: string): Promise<number> {
  const { client, clock } = dial(
    answers({ [command]: null }),
    { usePipelining: false },
    command === "banner" ? null : "220 hello",
  );
  let gaveUpMs: number | undefined;
  const run = (async () => {
    await client.open();
    const [outcome] = (await client.deliver(transaction({}))).outcomes;
    if (outcome.status === "lost") throw outcome.error;
  })();
  void run.catch(() => {
    gaveUpMs = clock.monotonicMs();
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 300; turn++) await Promise.resolve();
  };
  await settle();
  while (gaveUpMs === undefined) await clock.advance(1000, settle);
  await assert.rejects(run, { code: "channel-timeout" });
  return gaveUpMs;
}

test("C: client waits at each step as long as RFC 5321 asks, and no longer", async () => {
  const least: [string, number][] = [
    ["banner", 300],
    ["EHLO", 300],
    ["MAIL", 300],
    ["RCPT", 300],
    ["DATA", 120],
    [".", 600],
  ];
  for (const [command, seconds] of least) {
    assert.equal(await patienceAt(command), seconds * 1000, command);
  }
});

test("B17: 8-bit, binary and UTF-8 to a server that cannot are outcomes, nothing is sent", async () => {
  const cases: [Partial<OutgoingTransaction> & { body?: "8bitmime" | "binarymime" }, string][] = [
    [{ body: "8bitmime" }, "unsent cannot-8bit"],
    [{ body: "binarymime" }, "unsent cannot-binary"],
    [{ reversePath: address("é") }, "unsent cannot-utf8"],
    [{ params: { requireTls: true } }, "unsent cannot-requiretls"],
    [
      { content: { sizeOctets: 9, body: "7bit", needsSmtpUtf8: true, chunks: () => [] } },
      "unsent cannot-utf8",
    ],
    [
      { content: { sizeOctets: 1001, body: "7bit", needsSmtpUtf8: false, chunks: () => [] } },
      "unsent too-large",
    ],
  ];
  for (const [change, expected] of cases) {
    const { client, server } = dial(answers({ EHLO: "250-mx\n250 SIZE 1000" }));
    await client.open();
    const report = await client.deliver(transaction(change));
    assert.deepEqual(summary(report.outcomes), [expected]);
    assert.deepEqual(server.commands, ["EHLO client.example"]);
    assert.equal(report.isReusable, true);
  }
});

test("B17: a UTF-8 recipient alone is left out, the others go on", async () => {
  const { client, server } = dial(friendly);
  await client.open();
  const report = await client.deliver(transaction({ recipients: to("b", "é", "c") }));
  assert.deepEqual(summary(report.outcomes), [
    "accepted 250",
    "unsent cannot-utf8",
    "accepted 250",
  ]);
  assert.equal(server.commands.filter((line) => line.startsWith("RCPT")).length, 2);
});

test("client: every parameter that the server offers goes along, no other", async () => {
  const full = transaction({
    reversePath: address("é"),
    body: "8bitmime",
    recipients: [
      { address: address("b"), notify: ["success", "delay"], orcpt: "rfc822;B+b@example.org" },
      { address: address("c"), notify: [], orcpt: "utf-8;ü@example.org" },
    ],
    params: {
      ret: "headers",
      envid: "id 1",
      auth: "a=b@example.org",
      priority: -2,
      deliverBy: { seconds: 60, mode: "notify", trace: true },
      holdUntilMs: Date.UTC(2026, 1, 3),
    },
  });
  const { client, server } = dial(
    answers({
      EHLO: "250-mx\n250-SMTPUTF8\n250-8BITMIME\n250-DSN\n250-AUTH PLAIN\n250-MT-PRIORITY\n250-DELIVERBY\n250 FUTURERELEASE 1 2",
    }),
  );
  await client.open();
  await client.deliver(full);
  assert.deepEqual(server.commands.slice(1, 4), [
    "MAIL FROM:<é@example.org> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=id+201 AUTH=a+3Db@example.org MT-PRIORITY=-2 BY=60;NT HOLDUNTIL=2026-02-03T00:00:00.000Z",
    "RCPT TO:<b@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;B+2Bb@example.org",
    "RCPT TO:<c@example.org> NOTIFY=NEVER ORCPT=utf-8;ü@example.org",
  ]);
  const plain = dial(answers({ EHLO: "250-mx\n250-SMTPUTF8\n250 8BITMIME" }));
  await plain.client.open();
  const report = await plain.client.deliver(full);
  assert.equal(report.passedDsn, false);
  assert.deepEqual(plain.server.commands.slice(1, 3), [
    "MAIL FROM:<é@example.org> BODY=8BITMIME SMTPUTF8",
    "RCPT TO:<b@example.org>",
  ]);
});

test("client: what is to be back by a time goes only to a server that will give it back by then", async () => {
  const outcomesFor = async (ehlo: string, seconds: number): Promise<string[]> => {
    const { client, server } = dial(answers({ EHLO: ehlo }));
    await client.open();
    const deliverBy = { seconds, mode: "return", trace: false } as const;
    const { outcomes, passedDeliverBy } = await client.deliver(
      transaction({ params: { deliverBy } }),
    );
    const unsent = outcomes.map((outcome) => ("reason" in outcome ? outcome.reason : "sent"));
    return [...unsent, `${passedDeliverBy}`, server.commands[1] ?? "nothing said"];
  };
  const no = "nothing said";
  assert.deepEqual(await outcomesFor("250 mx", 60), ["cannot-deliver-by", "false", no]);
  assert.deepEqual(await outcomesFor("250-mx\n250 DELIVERBY 61", 60), [
    "cannot-deliver-by",
    "true",
    no,
  ]);
  assert.deepEqual(await outcomesFor("250-mx\n250 DELIVERBY", 0), [
    "cannot-deliver-by",
    "true",
    no,
  ]);
  const taken = await outcomesFor("250-mx\n250 DELIVERBY 60", 60);
  assert.deepEqual(taken, ["sent", "true", "MAIL FROM:<a@example.org> BY=60;R"]);
});

test("B18: client sends binary content by BDAT as it is, others mended", async () => {
  const offers = "250-mx\n250-CHUNKING\n250-BINARYMIME\n250 PIPELINING";
  const { client, server } = dial(answers({ EHLO: offers }), { chunking: "prefer" });
  await client.open();
  const binary = await client.deliver(transaction({ text: "a\0\n.\r\nb\r", body: "binarymime" }));
  assert.deepEqual(summary(binary.outcomes), ["accepted 250"]);
  const plain = await client.deliver(transaction({ text: "a\n.\r\nb\r" }));
  assert.deepEqual(summary(plain.outcomes), ["accepted 250"]);
  assert.deepEqual(server.contents, ["a\0\n.\r\nb\r", "a\r\n.\r\nb "]);
  assert(server.commands.includes("MAIL FROM:<a@example.org> BODY=BINARYMIME"));
  assert(server.commands.includes("BDAT 8 LAST"));
});

test("B18: client stops at a BDAT that is refused", async () => {
  const offers = "250-mx\n250-CHUNKING\n250 PIPELINING";
  const { client, server } = dial(answers({ EHLO: offers, BDAT: "552 5.3.4 too large" }), {
    chunking: "prefer",
  });
  await client.open();
  const report = await client.deliver(transaction({ text: "x".repeat(1_000_000) }));
  assert.deepEqual(summary(report.outcomes), ["refused content 552 never"]);
  assert.equal(server.commands.filter((line) => line.startsWith("BDAT")).length, 1);
});

test("J48: LMTP client takes one reply for each accepted recipient", async () => {
  const { client, server } = dial(
    answers({ "RCPT TO:<no@": "550 5.1.1 no", ".": "250 2.0.0 b\n452 4.2.2 c full\n550 5.0.0 d" }),
    { protocol: "lmtp" },
  );
  await client.open();
  const report = await client.deliver(transaction({ recipients: to("b", "no", "c", "d") }));
  assert.deepEqual(summary(report.outcomes), [
    "accepted 250",
    "refused rcpt 550 never",
    "refused content 452 later",
    "refused content 550 never",
  ]);
  assert.equal(server.commands[0], "LHLO client.example");
  assert.equal(report.isReusable, true);
});

test("J48: LMTP client whose server stops in the middle of the replies keeps those it has", async () => {
  const { client } = dial(answers({ ".": "250 2.0.0 b\n421 4.3.2 going" }), { protocol: "lmtp" });
  await client.open();
  const report = await client.deliver(transaction({ recipients: to("b", "c") }));
  assert.deepEqual(summary(report.outcomes), ["accepted 250", "refused content 421 later"]);
});

test("H41, security row 12: client forgets what came before TLS, also behind the 220", async () => {
  const { client, log } = dial(
    answers({
      EHLO: "250-mx\n250-STARTTLS\n250 AUTH PLAIN",
      STARTTLS: "220 go\n250-evil.example\n250 AUTH LOGIN",
    }),
  );
  await client.open();
  assert.equal(client.extensions.has("STARTTLS"), true);
  const outcome = await client.startTls({ serverName: "mx.example.org", verify: true });
  assert.equal(outcome.ok, true);
  assert.equal(client.extensions.serverName, "mx");
  assert(log.events.some(({ event }) => event === "smtp.starttls-response-injection"));
});

test("H41, H42: STARTTLS not offered, refused, and after TLS", async () => {
  const wish = { serverName: "mx.example.org", verify: false };
  const without = dial(friendly);
  await without.client.open();
  assert.deepEqual(await without.client.startTls(wish), {
    ok: false,
    stage: "starttls",
    reply: undefined,
  });
  const refusing = dial(answers({ EHLO: "250-mx\n250 STARTTLS", STARTTLS: "454 4.7.0 not now" }));
  await refusing.client.open();
  const outcome = await refusing.client.startTls(wish);
  assert.equal(outcome.ok, false);
  assert.equal(outcome.reply?.code, 454);
  assert.equal(refusing.client.channel.tls, undefined);
});

function mechanism(parts: {
  initial?: string;
  steps?: readonly string[];
  proven?: boolean;
}): ClientMechanism {
  const steps = [...(parts.steps ?? [])];
  return {
    name: "TEST",
    initial: () => (parts.initial === undefined ? undefined : Buffer.from(parts.initial)),
    step: async () => Buffer.from(steps.shift() ?? ""),
    verify: () => parts.proven ?? true,
  };
}

const AUTH_EHLO = "250-mx\n250 AUTH PLAIN TEST";

test("I47: client's AUTH: initial response, empty one, challenges", async () => {
  const { client, server } = dial(answers({ EHLO: AUTH_EHLO, AUTH: "235 2.7.0 welcome" }));
  await client.open();
  assert.equal((await client.authenticate(mechanism({ initial: "hi" }))).ok, true);
  assert.equal((await client.authenticate(mechanism({ initial: "" }))).ok, true);
  assert.deepEqual(server.commands.slice(1), ["AUTH TEST aGk=", "AUTH TEST ="]);
  const asking = dial((command, count) => {
    if (command.startsWith("AUTH")) return "334 ";
    return command.startsWith("EHLO") ? AUTH_EHLO : count === 2 ? "334 eA==" : "235 ok";
  });
  await asking.client.open();
  const steps = mechanism({ steps: ["one", "two"] });
  assert.equal((await asking.client.authenticate(steps)).ok, true);
  assert.deepEqual(asking.server.commands.slice(1), ["AUTH TEST", "b25l", "dHdv"]);
});

test("I47: client sends a long initial response in its own line", async () => {
  const { client, server } = dial((command) => {
    if (command.startsWith("EHLO")) return AUTH_EHLO;
    return command === "AUTH TEST" ? "334 " : "235 ok";
  });
  await client.open();
  assert.equal((await client.authenticate(mechanism({ initial: "x".repeat(600) }))).ok, true);
  assert.equal(server.commands[1], "AUTH TEST");
  assert.equal(server.commands[2].length, 800);
});

test("I47: client cancels on a challenge that is not base64, and hears refusals", async () => {
  const { client, server } = dial((command) => {
    if (command.startsWith("EHLO")) return AUTH_EHLO;
    return command.startsWith("AUTH") ? "334 ???" : "501 5.7.0 cancelled";
  });
  await client.open();
  assert.equal((await client.authenticate(mechanism({}))).ok, false);
  assert.equal(server.commands.at(-1), "*");
  const unknown = await client.authenticate({ ...mechanism({}), name: "OTHER" });
  assert.deepEqual(unknown, { ok: false, stage: "auth", reply: undefined });
});

test("security row 15: client does not believe a server that proves nothing", async () => {
  const { client } = dial(answers({ EHLO: AUTH_EHLO, AUTH: "235 ok" }));
  await client.open();
  await assert.rejects(client.authenticate(mechanism({ initial: "x", proven: false })), {
    name: "MailError",
  });
  assert.equal(client.isOpen, false);
});

test("security row 16: a control character in an argument never leaves", async () => {
  const evil = [
    { reversePath: address("a\r\nRCPT TO:<evil") },
    { recipients: to("b>\r\nDATA\r\n") },
    { recipients: [{ address: address("b"), orcpt: "rfc822\r\nDATA;x" }] },
    { reversePath: address("a", "example.org> SIZE=1") },
    { reversePath: address("a b", "example.org> SIZE=1") },
  ];
  for (const change of evil) {
    const { client, server } = dial(answers({ EHLO: "250-mx\n250-SMTPUTF8\n250 DSN" }));
    await client.open();
    await assert.rejects(client.deliver(transaction(change)), { name: "InvariantError" });
    assert.deepEqual(server.commands, ["EHLO client.example"]);
    assert.equal(client.isOpen, true);
  }
  const quoted = dial(friendly);
  await quoted.client.open();
  await quoted.client.deliver(transaction({ recipients: to("b> NOTIFY=NEVER") }));
  assert.equal(quoted.server.commands[2], 'RCPT TO:<"b> NOTIFY=NEVER"@example.org>');
  const named = dial(friendly, { clientName: "x\r\nMAIL FROM:<evil@example.org>" });
  await assert.rejects(named.client.open(), { name: "InvariantError" });
});

test("A7: client's reply parser: multi-line, no text, LF only, unknown codes", async () => {
  const cases: [string, string][] = [
    ["250-a\n250-b\n250 c", "accepted 250"],
    ["250", "accepted 250"],
    ["299 odd", "accepted 299"],
    ["499 odd", "refused content 499 later"],
    ["599 odd", "refused content 599 never"],
    ["350 odd", "refused content 350 later"],
  ];
  for (const [said, expected] of cases) {
    const { client } = dial(answers({ ".": said }));
    await client.open();
    assert.deepEqual(summary((await client.deliver(transaction({}))).outcomes), [expected]);
  }
});

test("client: what is no SMTP ends the connection, without a hang or a heap", async () => {
  for (const garbage of [
    "hello",
    "2500 x",
    "99 x",
    "x".repeat(5000),
    Array<string>(20_000).fill("250-x").join("\n"),
  ]) {
    const { client } = dial(answers({ ".": garbage }));
    await client.open();
    const report = await client.deliver(transaction({}));
    assert.deepEqual(summary(report.outcomes), ["lost content protocol-broken"]);
    assert.equal(report.isReusable, false);
  }
});

test("client: a disk that fails in the middle aborts the connection, so that no half message stands", async () => {
  const { client, server } = dial(friendly);
  await client.open();
  const { MailError } = await import("../base/errors.ts");
  const report = await client.deliver({
    ...transaction({}),
    content: {
      sizeOctets: 100,
      body: "7bit",
      needsSmtpUtf8: false,
      async *chunks() {
        yield Buffer.from("half\r\n");
        throw new MailError("disk-failed", "unreadable");
      },
    },
  });
  assert.deepEqual(summary(report.outcomes), ["lost content disk-failed"]);
  assert.equal(report.isReusable, false);
  assert(!Buffer.from(server.wire).toString().includes("\r\n.\r\n"));
});

test("client: a connection that was kept and has died is lost at MAIL, also when RSET was due", async () => {
  const { client } = dial(answers({ MAIL: "550 no", RSET: undefined }), { usePipelining: false });
  await client.open();
  await client.deliver(transaction({}));
  const report = await client.deliver(transaction({}));
  assert.deepEqual(summary(report.outcomes), ["lost mail channel-closed"]);
});

test("client: hears why a server closed in the middle of the message", async () => {
  const { client, pipe } = dial((command) => {
    if (command !== "DATA") return friendly(command, 0);
    void pipe.server.write(Buffer.from("354 go\r\n452 4.3.1 out of space\r\n"));
    return undefined;
  });
  await client.open();
  const report = await client.deliver(transaction({}));
  assert.deepEqual(summary(report.outcomes), ["refused content 452 later"]);
  assert.equal(report.isReusable, false);
});

test("client: several transactions on one connection, until MAILMAX", async () => {
  const { client } = dial(answers({ EHLO: "250-mx\n250 LIMITS MAILMAX=2 RCPTMAX=10" }));
  await client.open();
  assert.equal(client.extensions.limit("RCPTMAX"), 10);
  assert.equal((await client.deliver(transaction({}))).isReusable, true);
  assert.equal((await client.deliver(transaction({}))).isReusable, false);
});

test("client: reset shows whether the connection lives; quit never rejects", async () => {
  const { client } = dial(answers({ RSET: undefined }));
  await client.open();
  await assert.rejects(client.reset(), { code: "channel-closed" });
  assert.equal(client.isOpen, false);
  await client.quit();
});
