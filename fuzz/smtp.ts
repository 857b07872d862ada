/**
 * Mutated dialogues against the SMTP server engine, mutated answers against the client engine, and
 * mutated octets against the small parsers. Nothing may throw or hang; each line said must be a
 * reply; and what a server says must not depend on how its input was cut.
 */

import assert from "node:assert/strict";
import type { Channel, TlsSession } from "../src/base/channel.ts";
import { RecordingLog } from "../src/base/testing/recording-log.ts";
import { SeededRandom } from "../src/base/testing/seeded-random.ts";
import { TestClock } from "../src/base/testing/test-clock.ts";
import { MailError } from "../src/base/errors.ts";
import { SmtpClient } from "../src/smtp/client.ts";
import { DataDecoder } from "../src/smtp/data-decoder.ts";
import { parseForwardPath, parseReversePath } from "../src/smtp/path.ts";
import { parseProxyHeader } from "../src/smtp/proxy-header.ts";
import { serveSmtp } from "../src/smtp/serve.ts";
import { Recording, RecordingHandler } from "../src/smtp/testing/recording-handler.ts";
import { decodeXtext } from "../src/smtp/xtext.ts";

const DIALOGUES: readonly string[] = [
  "EHLO a.example\r\nMAIL FROM:<a@example.org> SIZE=10 BODY=8BITMIME\r\nRCPT TO:<b@example.org> NOTIFY=NEVER\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n",
  "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@c>\r\nRCPT TO:<unknown@c>\r\nBDAT 5\r\nab\r\ncBDAT 4 LAST\r\n\r\n.\r\nRSET\r\nNOOP x\r\nQUIT\r\n",
  'HELO a\r\nmail from: <@x,@y:"q > q"@example.org>\r\nrcpt to: <Postmaster>\r\nDATA\r\nfoo\r\n.\r\nVRFY q\r\nEXPN q\r\nHELP\r\nETRN z\r\n',
  "EHLO a\r\nAUTH PLAIN AHVzZXIAc2VjcmV0\r\nMAIL FROM:<u@example.org> AUTH=u+40x SMTPUTF8 RET=FULL ENVID=a+2Bb\r\nRCPT TO:<\u00fc@example.org> ORCPT=utf-8;\u00fc@x\r\nDATA\r\n.\r\n",
  "EHLO a\r\nAUTH TWO-STEP\r\ndXNlcg==\r\nc2VjcmV0\r\n\r\nAUTH PLAIN\r\n*\r\nQUIT\r\n",
  "EHLO a\r\nXFORWARD NAME=x ADDR=192.0.2.1\r\nXCLIENT ADDR=192.0.2.7 NAME=y\r\nEHLO b\r\nMAIL FROM:<a@b> HOLDFOR=10 BY=9;R MT-PRIORITY=3\r\nRCPT TO:<c@d>\r\nDATA\r\nx\n.\ny\r\n.\r\r\n.\r\n",
  "EHLO a\r\nMAIL FROM:<a@b> REQUIRETLS\r\nMAIL FROM:<lowered@b> MT-PRIORITY=-9 BY=+90;NT\r\nRCPT TO:<c@d>\r\nBDAT 2\r\nxxRSET\r\nMAIL FROM:<a@b> BY=59;R\r\nETRN @d\r\nVRFY <c@d>\r\nEXPN c\r\n",
  "EHLO a\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<c@d>\r\nBDAT 3 LAST\r\n\u0000\r\nNOOP\r\n",
];

const TOKENS: readonly string[] = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  ".",
  "\r\n.\r\n",
  "\n.\n",
  "\r\n.\r",
  "<",
  ">",
  '"',
  "@",
  ":",
  "\u00ff",
  "\ud83d\ude00",
  " ",
  "=",
  "BDAT 3 LAST\r\n",
  "BDAT 999999999999\r\n",
  "DATA\r\n",
  "RSET\r\n",
  "__proto__",
  "constructor",
  "EHLO b\r\n",
  "MAIL FROM:<a@b>\r\n",
  "RCPT TO:<c@d>\r\n",
  "GET / HTTP/1.1\r\n",
  " BY=9;R",
  " MT-PRIORITY=9",
  " REQUIRETLS",
  "VRFY x\r\n",
  "*\r\n",
  "AUTH PLAIN =\r\n",
];

const ANSWERS: readonly string[] = [
  "220 hi\r\n250-x\r\n250-PIPELINING\r\n250-SIZE 100\r\n250-CHUNKING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-LIMITS RCPTMAX=3 MAILMAX=x\r\n250-DELIVERBY 60\r\n250-MT-PRIORITY\r\n250-BINARYMIME\r\n250 DSN\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n550 5.1.1 no\r\n354 go\r\n250 2.0.0 queued\r\n221 bye\r\n",
  "220-a\r\n220 b\r\n502 no\r\n250 helo\r\n250 ok\r\n452 4.5.3 many\r\n250 ok\r\n354 go\r\n421 4.3.2 bye\r\n",
  "554 no\r\n221 bye\r\n",
];

function pick<T>(items: readonly T[], random: SeededRandom): T {
  return items[Math.floor(random.float() * items.length)];
}

function mutate(text: string, random: SeededRandom): Uint8Array {
  let octets: Uint8Array = Buffer.from(text);
  const changes = Math.floor(random.float() * 5);
  for (let change = 0; change < changes; change++) {
    const at = Math.floor(random.float() * (octets.length + 1));
    const length = Math.floor(random.float() * 12);
    const [before, after] = [octets.subarray(0, at), octets.subarray(at)];
    switch (Math.floor(random.float() * 6)) {
      case 0:
        octets = Buffer.concat([before, after.subarray(length)]);
        break;
      case 1:
        octets = Buffer.concat([before, Buffer.from(pick(TOKENS, random)), after]);
        break;
      case 2:
        octets = Buffer.concat([before, after.subarray(0, length), after]);
        break;
      case 3:
        octets = Buffer.concat([before, random.bytes(1), after.subarray(1)]);
        break;
      case 4:
        octets = Buffer.concat([before, Buffer.from(pick(DIALOGUES, random))]);
        break;
      default:
        octets = Buffer.concat([before, Buffer.from("x".repeat(length * 300)), after]);
    }
  }
  return octets;
}

/** All input is there already, cut as asked; output is kept. */
class FuzzChannel implements Channel {
  readonly local = { address: "192.0.2.25", port: 25 };
  readonly peer = { address: "192.0.2.1", port: 40000 };
  readonly tls: TlsSession | undefined = undefined;
  readonly pendingOctets = 0;
  readonly said: Uint8Array[] = [];
  readonly #octets: Uint8Array;
  readonly #chunkOctets: number;
  #at = 0;

  constructor(octets: Uint8Array, chunkOctets: number) {
    this.#octets = octets;
    this.#chunkOctets = chunkOctets;
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#at >= this.#octets.length) return undefined;
    const chunk = this.#octets.subarray(this.#at, this.#at + this.#chunkOctets);
    this.#at += chunk.length;
    return chunk;
  }

  async write(octets: Uint8Array): Promise<void> {
    this.said.push(octets);
  }

  startTls(): Promise<TlsSession> {
    return Promise.reject(new MailError("tls-failed", "not here"));
  }

  async close(): Promise<void> {}
  abort(): void {}
}

async function converse(octets: Uint8Array, chunkOctets: number, policy: number): Promise<string> {
  const channel = new FuzzChannel(octets, chunkOctets);
  const recording = new Recording();
  recording.mechanisms = ["PLAIN", "TWO-STEP"];
  recording.hasEtrn = true;
  recording.hasExpn = policy === 1;
  recording.hasVrfy = policy === 1;
  const log = new RecordingLog();
  await serveSmtp(channel, (session) => new RecordingHandler(session, recording), {
    hostName: "mx.example.org",
    clock: new TestClock(),
    random: new SeededRandom(1),
    log,
    refusesEarlyTalkers: false,
    protocol: policy === 2 ? "lmtp" : "smtp",
    strayLineEnds: policy === 1 ? "normalize" : "reject",
    extensions: [
      "PIPELINING",
      "SIZE",
      "8BITMIME",
      "SMTPUTF8",
      "CHUNKING",
      "BINARYMIME",
      "DSN",
      "MT-PRIORITY",
      "DELIVERBY",
      "FUTURERELEASE",
      "REQUIRETLS",
      "LIMITS",
    ],
    trustsXclient: () => true,
    trustsXforward: () => true,
    limits: {
      errorDelayMs: 0,
      maxMessageOctets: 5000,
      hardErrors: 50,
      minDeliverBySeconds: 60,
      maxTransactions: 9,
    },
  });
  const failed = log.events.find(({ level }) => level === "error");
  assert.equal(failed, undefined, `the server failed: ${JSON.stringify(failed)}`);
  const said = Buffer.concat(channel.said).toString();
  const messages = recording.messages.map(({ from, to, content }) => [
    from,
    to,
    Buffer.from(content).toString("latin1"),
  ]);
  return `${said}\n${JSON.stringify(messages)}`;
}

const REPLY_LINE = /^[2-5]\d\d[ -][^\u0000-\u001f\u007f-\u009f]*$/;

function checkReplies(output: string): void {
  const [said] = output.split("\n[", 1);
  for (const line of said.split("\r\n").slice(0, -1)) {
    assert(Buffer.byteLength(line) <= 510, `a reply line is too long: ${line}`);
    assert.match(line, REPLY_LINE);
  }
}

async function fuzzServer(random: SeededRandom): Promise<void> {
  const octets = mutate(pick(DIALOGUES, random), random);
  const policy = Math.floor(random.float() * 3);
  const whole = await converse(octets, octets.length + 1, policy);
  checkReplies(whole);
  // Long inputs in larger pieces: it is the cuts near the ends of lines that matter.
  const chunkOctets = 1 + Math.floor(random.float() * Math.max(9, octets.length / 30));
  assert.equal(await converse(octets, chunkOctets, policy), whole, `cut in ${chunkOctets}`);
}

async function fuzzClient(random: SeededRandom): Promise<void> {
  const octets = mutate(pick(ANSWERS, random), random);
  const channel = new FuzzChannel(octets, 1 + Math.floor(random.float() * 40));
  const client = new SmtpClient(channel, {
    clientName: "client.example",
    clock: new TestClock(),
    usePipelining: random.float() < 0.7,
    chunking: random.float() < 0.5 ? "prefer" : "when-needed",
    protocol: random.float() < 0.3 ? "lmtp" : "smtp",
  });
  const content = mutate("Subject: x\r\n\r\nhello\r\n", random);
  try {
    await client.open();
    const { outcomes } = await client.deliver({
      reversePath: { localPart: "a", domain: "example.org" },
      recipients: ["b", "c"].map((localPart) => ({
        address: { localPart, domain: "example.org" },
      })),
      params: {
        priority: Math.floor(random.float() * 19) - 9,
        requireTls: random.float() < 0.1,
        deliverBy: {
          seconds: 61 - random.float() * 3,
          mode: random.float() < 0.5 ? "return" : "notify",
          trace: random.float() < 0.5,
        },
      },
      content: {
        sizeOctets: content.length,
        body: "8bitmime",
        needsSmtpUtf8: false,
        chunks: () => [content],
      },
    });
    assert.equal(outcomes.length, 2);
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
  }
  await client.quit();
  const said = Buffer.concat(channel.said).toString("latin1");
  if (!said.includes("BDAT")) assert(!/(?<!\r)\n|\r(?!\n)/.test(said), "a stray CR or LF left us");
}

function fuzzParsers(random: SeededRandom): void {
  const octets = mutate(pick(DIALOGUES, random), random);
  const text = Buffer.from(octets).toString();
  parseReversePath(text.slice(text.indexOf("FROM:")));
  parseForwardPath(text.slice(text.indexOf("TO:")));
  decodeXtext(text.slice(0, 200), { utf8: random.float() < 0.5 });
  parseProxyHeader(Buffer.concat([Buffer.from("PROXY "), octets]));
  parseProxyHeader(random.bytes(20));
  const decoder = new DataDecoder();
  const content: Uint8Array[] = [];
  for (let at = 0; at < octets.length && !decoder.isDone; at += 5) {
    decoder.decode(octets.subarray(at, at + 5), 0, content);
  }
}

/** Throws, naming the seed that repeats it, at the first thing that is not right. */
export async function fuzz(iterations: number, seed: number): Promise<void> {
  for (let seedOfCase = seed; seedOfCase < seed + iterations; seedOfCase++) {
    const random = new SeededRandom(seedOfCase);
    try {
      if (seedOfCase % 10 < 7) await fuzzServer(random);
      else if (seedOfCase % 10 < 9) await fuzzClient(random);
      else fuzzParsers(random);
    } catch (error) {
      throw new Error(`fuzz smtp: seed ${seedOfCase} repeats it`, { cause: error });
    }
  }
}
