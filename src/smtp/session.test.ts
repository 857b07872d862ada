import assert from "node:assert/strict";
import { test } from "node:test";
import { check, isSpoken, PHASES, type Phase, type Verb, VERBS } from "./session.ts";
import { Recording } from "./testing/recording-handler.ts";
import { type ServedInMemory, serveInMemory } from "./testing/serve-in-memory.ts";
import { reply } from "./reply.ts";

async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
}

async function say(served: ServedInMemory, text: string): Promise<string> {
  await served.client.write(Buffer.from(text, "latin1"));
  await settle();
  let heard = "";
  while (served.client.pendingOctets > 0) {
    heard += Buffer.from((await served.client.read(0)) ?? []).toString("latin1");
  }
  return heard;
}

/** What brings a session into each phase. */
const ROADS: Readonly<Record<Phase, readonly string[]>> = {
  refused: [],
  connected: [],
  ready: ["EHLO x\r\n"],
  mail: ["EHLO x\r\n", "MAIL FROM:<a@example.org>\r\n"],
  rcpt: ["EHLO x\r\n", "MAIL FROM:<a@example.org>\r\n", "RCPT TO:<b@example.org>\r\n"],
  chunking: [
    "EHLO x\r\n",
    "MAIL FROM:<a@example.org>\r\n",
    "RCPT TO:<b@example.org>\r\n",
    "BDAT 3\r\nx\r\n",
  ],
  "chunk-failed": [
    "EHLO x\r\n",
    "MAIL FROM:<a@example.org>\r\n",
    "RCPT TO:<b@example.org>\r\n",
    "BDAT 3\r\nx\ny",
  ],
};

const LINES: Readonly<Record<Verb, string>> = {
  HELO: "HELO y\r\n",
  EHLO: "EHLO y\r\n",
  LHLO: "LHLO y\r\n",
  MAIL: "MAIL FROM:<a@example.org>\r\n",
  RCPT: "RCPT TO:<b@example.org>\r\n",
  DATA: "DATA\r\n",
  BDAT: "BDAT 3 LAST\r\ny\r\n",
  RSET: "RSET\r\n",
  NOOP: "NOOP\r\n",
  QUIT: "QUIT\r\n",
  VRFY: "VRFY x\r\n",
  EXPN: "EXPN x\r\n",
  HELP: "HELP\r\n",
  STARTTLS: "STARTTLS\r\n",
  AUTH: "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n",
  ETRN: "ETRN x\r\n",
  XCLIENT: "XCLIENT NAME=x\r\n",
  XFORWARD: "XFORWARD NAME=x\r\n",
};

/** The code of the answer in each phase, written out: refused, connected, ready, mail, rcpt, chunking, chunk-failed. */
const CODES: Readonly<Record<Verb, readonly number[]>> = {
  HELO: [503, 250, 250, 250, 250, 250, 250],
  EHLO: [503, 250, 250, 250, 250, 250, 250],
  LHLO: [500, 500, 500, 500, 500, 500, 500],
  MAIL: [503, 503, 250, 503, 503, 503, 503],
  RCPT: [503, 503, 503, 250, 250, 503, 503],
  DATA: [503, 503, 503, 503, 354, 503, 503],
  BDAT: [503, 503, 503, 503, 250, 250, 503],
  RSET: [503, 250, 250, 250, 250, 250, 250],
  NOOP: [503, 250, 250, 250, 250, 250, 250],
  QUIT: [221, 221, 221, 221, 221, 221, 221],
  VRFY: [503, 252, 252, 252, 252, 252, 252],
  EXPN: [503, 250, 250, 250, 250, 250, 250],
  HELP: [503, 214, 214, 214, 214, 214, 214],
  STARTTLS: [503, 503, 220, 503, 503, 503, 503],
  AUTH: [503, 503, 235, 503, 503, 503, 503],
  ETRN: [503, 503, 250, 503, 503, 503, 503],
  XCLIENT: [503, 220, 220, 503, 503, 503, 503],
  XFORWARD: [503, 503, 250, 503, 503, 503, 503],
};

/** Verbs whose success ends an open transaction, and those that begin the session anew. */
const ENDS_TRANSACTION: ReadonlySet<Verb> = new Set(["HELO", "EHLO", "RSET", "BDAT", "DATA"]);

function serveRefusing(phase: Phase): ServedInMemory {
  const recording = Object.assign(new Recording(), {
    mechanisms: ["PLAIN"],
    hasEtrn: true,
    hasExpn: true,
    refusal: phase === "refused" ? reply(554, undefined, "no") : undefined,
  });
  return serveInMemory({
    recording,
    options: {
      startTls: "offered",
      trustsXclient: () => true,
      trustsXforward: () => true,
      limits: { errorDelayMs: 0 },
    },
  });
}

for (const verb of VERBS) {
  test(`A5, A6: every phase x verb cell: ${verb}`, async () => {
    for (const [index, phase] of PHASES.entries()) {
      const served = await makeIn(phase);
      const heard = await say(served, LINES[verb]);
      const label = `${verb} in ${phase}`;
      const code = Number(heard.slice(0, 3));
      assert.equal(code, CODES[verb][index], `${label}: ${heard}`);
      const complete = heard.split("\r\n").filter((line) => /^\d{3} /.test(line));
      assert.equal(complete.length, 1, `${label}: one reply: ${heard}`);
      if (isSpoken(verb, "smtp")) {
        assert.equal(check(phase, verb) === undefined, code !== 503, `${label}: as in the table`);
      }
      await checkAftermath(served, verb, phase, code);
      served.client.abort();
      await served.ended;
    }
  });
}

async function makeIn(phase: Phase): Promise<ServedInMemory> {
  const served = serveRefusing(phase);
  await settle();
  await say(served, "");
  for (const line of ROADS[phase]) await say(served, line);
  return served;
}

/** A refused verb changes nothing; one that ends the transaction leaves nothing of it. */
async function checkAftermath(
  served: ServedInMemory,
  verb: Verb,
  phase: Phase,
  code: number,
): Promise<void> {
  if (code === 221 || code === 220 || phase === "refused") return;
  if (code === 354) await say(served, "z\r\n.\r\n");
  const isOver = code < 400 && ENDS_TRANSACTION.has(verb);
  const probe = await say(served, LINES.RCPT);
  const stands = (phase === "mail" || phase === "rcpt") && !isOver;
  const begun = verb === "MAIL" && code === 250;
  assert.equal(
    Number(probe.slice(0, 3)),
    stands || begun ? 250 : 503,
    `RCPT after ${verb} in ${phase}`,
  );
}

test("A1: verbs are known without regard to case, and no other name is", async () => {
  const served = await makeIn("connected");
  assert.match(await say(served, "nOoP\r\n"), /^250/);
  for (const word of ["__proto__", "constructor", "toString", "NOOPE", "", " NOOP", "NOOP\tx"]) {
    assert.match(await say(served, `${word}\r\n`), /^500/, word);
  }
  served.client.abort();
  await served.ended;
});
