import assert from "node:assert/strict";
import { test } from "node:test";
import { makeMemoryPipe } from "../base/testing/memory-channel.ts";
import { RecordingLog } from "../base/testing/recording-log.ts";
import { SeededRandom } from "../base/testing/seeded-random.ts";
import { TestClock } from "../base/testing/test-clock.ts";
import type { SmtpHandler, SmtpSession } from "./handler.ts";
import { encodeReply } from "./reply-encoder.ts";
import { reply } from "./reply.ts";
import { serveSmtp } from "./serve.ts";
import type { ServeOptions } from "./serve-options.ts";
import { Recording, RecordingHandler } from "./testing/recording-handler.ts";
import { type ServedInMemory, serveInMemory } from "./testing/serve-in-memory.ts";

async function settle(): Promise<void> {
  for (let turn = 0; turn < 300; turn++) await Promise.resolve();
}

class Talk {
  readonly served: ServedInMemory;
  heard = "";
  isOver = false;

  constructor(options: Partial<ServeOptions> = {}, early?: string) {
    this.served = serveInMemory({
      options,
      ...(early === undefined ? {} : { early: Buffer.from(early) }),
    });
    void this.#listen();
    void this.served.ended.then(() => {
      this.isOver = true;
    });
  }

  async #listen(): Promise<void> {
    for (let octets; (octets = await this.served.client.read(86_400_000).catch(() => undefined));) {
      this.heard += Buffer.from(octets).toString("latin1");
    }
  }

  async say(text: string): Promise<string> {
    await settle();
    const before = this.heard.length;
    await this.served.client.write(Buffer.from(text, "latin1")).catch(() => undefined);
    await settle();
    return this.heard.slice(before);
  }

  async wait(durationMs: number): Promise<void> {
    await this.served.clock.advance(durationMs, settle);
  }

  /** Up to 354. */
  async toData(): Promise<void> {
    await this.say("HELO client.example\r\n");
    await this.say("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n");
    assert.match(await this.say("DATA\r\n"), /^354/);
  }
}

test("A11, security row 7: who speaks before the banner is refused", async () => {
  const talk = new Talk({}, "EHLO early.example\r\n");
  await talk.served.ended;
  await settle();
  assert.equal(talk.heard, "554 5.5.0 You spoke before it was your turn\r\n");
});

test("A11: the greeting can be held back, so that those who do not wait show themselves", async () => {
  const early = new Talk({ greetDelayMs: 2000 });
  await early.wait(1000);
  assert.equal(early.heard, "");
  await early.served.client.write(Buffer.from("EHLO x\r\n"));
  await early.wait(1000);
  assert.match(early.heard, /^554 5\.5\.0/);
  const patient = new Talk({ greetDelayMs: 2000 });
  await patient.wait(2000);
  assert.match(patient.heard, /^220 /);
});

test("A10, A11, security row 7: commands before the first EHLO's answer, and content before 354, end the session", async () => {
  const pipelined = new Talk();
  assert.match(await pipelined.say("EHLO x\r\nMAIL FROM:<a@b.example>\r\n"), /^554 5\.5\.0/);
  assert.equal(pipelined.isOver, true);
  const rushed = new Talk();
  await rushed.say("HELO x\r\n");
  await rushed.say("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n");
  assert.match(await rushed.say("DATA\r\nhello\r\n.\r\n"), /^554 5\.5\.0/);
  assert.equal(rushed.isOver, true);
  assert.equal(rushed.served.recording.messages.length, 0);
  const tolerant = new Talk({ refusesEarlyTalkers: false }, "EHLO x\r\nNOOP\r\n");
  await settle();
  assert.match(tolerant.heard, /^220 .*250 2\.0\.0 Ok\r\n$/s);
});

test("C: the server waits five minutes for a command, however it trickles in", async () => {
  const silent = new Talk();
  await silent.wait(299_000);
  assert.equal(silent.isOver, false);
  await silent.wait(1000);
  assert.match(silent.heard, /421 4\.4\.2 Timed out/);
  assert.equal(silent.isOver, true);
  // Security row 25: an octet every minute does not buy more time.
  const slow = new Talk();
  for (let minute = 0; minute < 4; minute++) {
    await slow.say("N");
    await slow.wait(60_000);
  }
  assert.equal(slow.isOver, false);
  await slow.wait(60_000);
  assert.match(slow.heard, /421 4\.4\.2/);
});

test("C, security row 25: a message that comes too slowly is given up", async () => {
  const talk = new Talk({
    limits: { minDataOctetsPerSecond: 100, dataGraceMs: 10_000, errorDelayMs: 0 },
  });
  await talk.toData();
  for (let second = 0; second < 9; second++) {
    await talk.say("0123456789");
    await talk.wait(1000);
  }
  assert.equal(talk.isOver, false);
  // 90 octets are worth 0.9 s more than the grace.
  await talk.wait(1900);
  assert.match(talk.heard, /421 4\.4\.2 Data came too slowly/);
  assert.equal(talk.isOver, true);
  assert(talk.served.recording.calls.includes("abort"));
  const brisk = new Talk({ limits: { minDataOctetsPerSecond: 100, dataGraceMs: 1000 } });
  await brisk.toData();
  for (let second = 0; second < 20; second++) {
    await brisk.say("x".repeat(150));
    await brisk.wait(1000);
  }
  assert.match(await brisk.say("\r\n.\r\n"), /250 2\.0\.0/);
});

test("security row 25: many small chunks are not many graces", async () => {
  const talk = new Talk({ limits: { minDataOctetsPerSecond: 100, dataGraceMs: 10_000 } });
  await talk.say("EHLO x\r\n");
  await talk.say("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n");
  for (let chunk = 0; chunk < 12 && !talk.isOver; chunk++) {
    await talk.say("BDAT 2\r\nx");
    await talk.wait(1000);
    await talk.say("y");
  }
  assert.match(talk.heard, /421 4\.4\.2 Data came too slowly/);
});

test("C: silence in the middle of a message ends the session, and the message", async () => {
  const talk = new Talk({ limits: { minDataOctetsPerSecond: 0 } });
  await talk.toData();
  await talk.say("half a message");
  await talk.wait(300_000);
  assert.match(talk.heard, /421 4\.4\.2 Timed out/);
  assert.deepEqual(talk.served.recording.calls.slice(-3), ["abort", "reset", "close"]);
});

test("A5, D23, security row 26: a connection lost before the final dot leaves no message", async () => {
  for (const text of ["half", "half\r\n", "half\r\n.", "half\r\n.\r"]) {
    const talk = new Talk();
    await talk.toData();
    await talk.say(text);
    talk.served.client.abort();
    await talk.served.ended;
    assert.equal(talk.served.recording.messages.length, 0);
    assert(talk.served.recording.calls.includes("abort"));
  }
});

test("limits: errors slow a client down before they end its session", async () => {
  const talk = new Talk({ limits: { softErrors: 2, errorDelayMs: 1000, hardErrors: 4 } });
  assert.match(await talk.say("A\r\n"), /500/);
  assert.equal(await talk.say("B\r\n"), "");
  await talk.wait(1000);
  assert.match(talk.heard, /500 .*\r\n500 /s);
  assert.equal(await talk.say("C\r\n"), "");
  await talk.wait(1000);
  assert.match(await talk.say("D\r\n"), /500 .*\r\n421 4\.7\.0 Too many errors/s);
  assert.equal(talk.isOver, true);
});

test("security row 39: guessing recipients slows down and then ends", async () => {
  const talk = new Talk({ limits: { softErrors: 5, errorDelayMs: 1000, hardErrors: 8 } });
  await talk.say("HELO x\r\n");
  await talk.say("MAIL FROM:<a@example.org>\r\n");
  const guesses = Array.from({ length: 50 }, () => "RCPT TO:<unknown@example.org>\r\n").join("");
  await talk.say(guesses);
  await talk.wait(60_000);
  assert.equal(talk.heard.match(/550 5\.1\.1/g)?.length, 8);
  assert.match(talk.heard, /421 4\.7\.0 Too many errors\r\n$/);
});

test("security row 11: commands without end have an end", async () => {
  const talk = new Talk({ limits: { maxCommands: 50, maxJunkCommands: 1000 } });
  await talk.say("NOOP\r\n".repeat(60));
  assert.equal(talk.heard.match(/250 2\.0\.0/g)?.length, 50);
  assert.match(talk.heard, /421 4\.7\.0 Too many commands/);
});

test("security row 11: chunks of nothing are junk after a while; the one that ends a message is not", async () => {
  const limits = { maxJunkCommands: 5, hardErrors: 3 };
  const toRecipient = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n";
  const talk = new Talk({ limits });
  await talk.say("EHLO x\r\n");
  await talk.say(toRecipient);
  // EHLO and MAIL count as well.
  await talk.say("BDAT 0\r\n".repeat(5));
  assert.equal(talk.heard.includes("421"), false);
  await talk.say("BDAT 00\r\n".repeat(50));
  assert.match(talk.heard, /421 4\.7\.0 Too many commands\r\n$/);
  assert.equal(talk.isOver, true);

  const honest = new Talk({ limits });
  await honest.say("EHLO x\r\n");
  await honest.say(toRecipient);
  assert.match(
    await honest.say(`${"BDAT 1\r\nx".repeat(12)}BDAT 0 LAST\r\n`),
    /250 2\.0\.0 .*\r\n$/,
  );
  for (let message = 0; message < 10; message++) {
    await honest.say(toRecipient);
    assert.match(await honest.say("BDAT 0\r\nBDAT 2\r\nxyBDAT 0 LAST\r\n"), /250/);
  }
  assert.equal(honest.heard.includes("421"), false);
});

test("A2, security row 21: an overlong line is refused and thrown away in constant memory", async () => {
  const talk = new Talk();
  await talk.say("NOOP ");
  for (let piece = 0; piece < 200; piece++)
    await talk.served.client.write(Buffer.alloc(65536, "x"));
  await settle();
  assert.equal(talk.heard.match(/500/), null);
  assert.match(await talk.say("\r\nNOOP\r\n"), /^500 5\.5\.2 Line too long\r\n250 /);
  assert.match(await talk.say(`NOOP ${"x".repeat(2048 - 7)}\r\n`), /^250/);
  assert.match(await talk.say(`NOOP ${"x".repeat(2048 - 6)}\r\n`), /^500/);
  // A CR at the cut may or may not be half of the end.
  assert.equal(await talk.say(`NOOP ${"x".repeat(3000)}\r`), "");
  assert.match(await talk.say("x\r"), /^$/);
  assert.match(await talk.say("\nNOOP\r\n"), /^500 .*\r\n250 /);
});

test("A2, I47: AUTH lines may have 12288 octets, no more", async () => {
  const talk = new Talk();
  talk.served.recording.mechanisms = ["PLAIN"];
  await talk.say("EHLO x\r\n");
  const fits = "A".repeat(12288 - "AUTH PLAIN \r\n".length - 3);
  assert.match(await talk.say(`AUTH PLAIN ${fits}\r\n`), /^535/);
  assert.match(await talk.say("AUTH PLAIN\r\n"), /^334/);
  assert.match(await talk.say(`${"A".repeat(12288)}\r\n`), /^500 5\.5\.6/);
  assert.match(await talk.say("auth plain\r\n"), /^334/);
  assert.match(await talk.say(`${"A".repeat(12284)}\r\n`), /^535/);
  assert.equal(talk.heard.includes("421"), true, "three strikes");
});

test("A5: going down is said to who is idle, and to who is busy after the message", async () => {
  const idle = new AbortController();
  const waiting = new Talk({ signal: idle.signal });
  await waiting.say("EHLO x\r\n");
  idle.abort();
  await waiting.served.ended;
  await settle();
  assert.match(waiting.heard, /421 4\.3\.2 Going down/);
  const busy = new AbortController();
  const sending = new Talk({ signal: busy.signal });
  await sending.toData();
  busy.abort();
  await settle();
  assert.equal(sending.isOver, false);
  assert.match(await sending.say("hello\r\n.\r\n"), /250 2\.0\.0 .*\r\n421 4\.3\.2/s);
  assert.equal(sending.served.recording.messages.length, 1);
  const late = new Talk({ signal: busy.signal });
  await settle();
  assert.match(late.heard, /^421 4\.3\.2/);
});

test("a handler that throws where it may not ends its session, and only that", async () => {
  class Broken extends RecordingHandler {
    override reset(): void {
      throw new TypeError("a bug in reset");
    }
    override close(): void {
      throw new TypeError("a bug in close");
    }
  }
  const log = new RecordingLog();
  const clock = new TestClock();
  for (const make of [
    (session: SmtpSession) => new Broken(session, new Recording()),
    (): SmtpHandler => {
      throw new TypeError("a bug in the constructor");
    },
  ]) {
    const { client, server } = makeMemoryPipe({ clock });
    const random = new SeededRandom(1);
    const ended = serveSmtp(server, make, { hostName: "mx.example.org", clock, random, log });
    await settle();
    await client.write(Buffer.from("HELO x\r\n")).catch(() => undefined);
    await ended;
  }
  const failures = log.events.filter(({ event }) => event === "smtp.session-failed");
  assert.equal(failures.length, 3);
});

test("XCLIENT and XFORWARD: what a trusted proxy told is in the session and in the log", async () => {
  const talk = new Talk({ trustsXclient: () => true, trustsXforward: () => true });
  await talk.say(
    "XCLIENT NAME=client.example ADDR=203.0.113.9 PORT=4444 LOGIN=user HELO=a.example DESTADDR=203.0.113.25 DESTPORT=25\r\n",
  );
  await talk.say("EHLO client.example\r\n");
  await talk.say("XFORWARD NAME=origin.example ADDR=203.0.113.77 HELO=[UNAVAILABLE]\r\n");
  await talk.say("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n");
  await talk.say("DATA\r\n");
  await talk.say("x\r\n.\r\n");
  const [{ session }] = talk.served.recording.messages;
  assert.deepEqual(
    [session.peer, session.local, session.clientName, session.identity, session.forwarded],
    [
      { address: "203.0.113.9", port: 4444 },
      { address: "203.0.113.25", port: 25 },
      "client.example",
      "user",
      { name: "origin.example", address: "203.0.113.77", helo: undefined },
    ],
  );
  const accepted = talk.served.log.events.find(({ event }) => event === "smtp.accepted");
  assert.equal(accepted?.fields.peer, "203.0.113.9");
  assert.equal(accepted?.fields.forwardedFor, "203.0.113.77");
});

test("log: one event for each message and refusal, with tls, and no secrets", async () => {
  const talk = new Talk();
  talk.served.recording.mechanisms = ["PLAIN"];
  await talk.say("EHLO client.example\r\n");
  await talk.say("AUTH PLAIN AHVzZXIAd3Jvbmc=\r\nAHVzZXIAd3Jvbmc=\r\n");
  await talk.say(
    "MAIL FROM:<a@example.org>\r\nRCPT TO:<unknown@example.org>\r\nRCPT TO:<b@example.org>\r\n",
  );
  await talk.say("DATA\r\n");
  await talk.say("hello\r\n.\r\n");
  await talk.say("RCPT TO:<b@example.org>\r\n");
  await talk.say("QUIT\r\n");
  const { events } = talk.served.log;
  const accepted = events.filter(({ event }) => event === "smtp.accepted");
  assert.equal(accepted.length, 1);
  const { from, to, tls, octets, helo, reply: said, peer } = accepted[0].fields;
  assert.deepEqual(
    [from, to, tls, octets, helo, said, peer],
    [
      "<a@example.org>",
      ["b@example.org"],
      "none",
      7,
      "client.example",
      "250 2.0.0 Ok: queued as 1",
      "192.0.2.1",
    ],
  );
  const refused = events.filter(({ event }) => event === "smtp.refused");
  assert.deepEqual(
    refused.map(({ fields }) => [fields.command, fields.argument, fields.from, fields.reply]),
    [
      ["AUTH", undefined, undefined, "535 5.7.8 Authentication credentials invalid"],
      ["?", undefined, undefined, "500 5.5.2 Command not recognized"],
      ["RCPT", "TO:<unknown@example.org>", "<a@example.org>", "550 5.1.1 No such user"],
      ["RCPT", "TO:<b@example.org>", undefined, "503 5.5.1 MAIL comes first"],
    ],
  );
  assert(!JSON.stringify(events).includes("AHVzZXI"));
  assert.equal(events.at(-1)?.event, "smtp.closed");
  assert.equal(events.at(-1)?.fields.reason, "quit");
});

test("A2, security row 35: reply lines have at most 512 octets and no control characters", () => {
  const long = encodeReply(reply(550, "5.7.1", `${"é".repeat(400)}\r\n250 ok\u009b`), {
    utf8: true,
  });
  for (const line of long.split("\r\n").slice(0, -1)) {
    assert(Buffer.byteLength(line) + 2 <= 512);
    assert.match(line, /^550[ -]5\.7\.1 /);
    assert(!/[\u0000-\u001f\u007f-\u009f]/.test(line));
  }
  assert.match(long, /^550-.*\r\n550 5\.7\.1 /s);
  assert.equal(encodeReply(reply(250, undefined, "ünï")), "250 \\x{fc}n\\x{ef}\r\n");
  assert.equal(encodeReply(reply(250, undefined)), "250 \r\n");
  assert.throws(() => encodeReply(reply(99, undefined, "x")), { name: "InvariantError" });
  assert.equal(
    encodeReply(reply(250, undefined, ...Array<string>(500).fill("x"))).split("\r\n").length,
    201,
  );
});
