/**
 * Fuzz of the POP3 server: mutated dialogues in random pieces. The session must end, without a throw
 * or a hang; every complete line gets exactly one answer, in order; nothing is removed without QUIT,
 * and nobody is logged in without the password.
 */

import assert from "node:assert/strict";
import { concatBytes, decodeLatin1, encodeLatin1 } from "../src/base/bytes.ts";
import { makeMemoryPipe } from "../src/base/testing/memory-channel.ts";
import { SeededRandom } from "../src/base/testing/seeded-random.ts";
import { TestClock } from "../src/base/testing/test-clock.ts";
import { nodeCrypto as crypto } from "../src/net/node-crypto.ts";
import { servePop3, type Pop3Summary } from "../src/pop3/serve.ts";
import { MemoryHandler, MemoryMaildrop } from "../src/pop3/testing/memory-maildrop.ts";
import type { SaslServerDeps } from "../src/sasl/server-deps.ts";
import { MemoryCredentials } from "../src/sasl/testing/memory-credentials.ts";

const LINES: readonly string[] = [
  "USER ada",
  "PASS right",
  "PASS wrong",
  "USER ada\r\nPASS right",
  "USER ada\r\nPASS right",
  "AUTH",
  "AUTH PLAIN",
  "AUTH PLAIN AGFkYQB3cm9uZw==",
  "AUTH LOGIN",
  "AUTH SCRAM-SHA-256 biwsbj1hZGEscj1hYmM=",
  "*",
  "=",
  "AGFkYQByaWdodA==",
  "CAPA",
  "STLS",
  "UTF8",
  "LANG *",
  "STAT",
  "LIST",
  "LIST 1",
  "UIDL",
  "UIDL 2",
  "RETR 1",
  "RETR 2",
  "RETR 99999",
  "TOP 1 1",
  "TOP 2 0",
  "DELE 1",
  "DELE 2",
  "RSET",
  "NOOP",
  "QUIT",
  "APOP ada 0123456789abcdef0123456789abcdef",
  "__proto__",
  "",
];

const MESSAGES = ["Subject: a\r\n\r\n.\r\n..\r\n.", "Subject: b\r\n\r\nx\r\n".repeat(50), ""];

const CHUNKS: readonly number[] = [1, 17, 100, 4096, 4096];

export async function fuzz(iterations: number, seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const deps: SaslServerDeps = {
    crypto,
    random,
    credentials: new MemoryCredentials(crypto, [{ address: "ada", password: "right" }]),
    // SCRAM with a store in memory would make each round cost a PBKDF2; fuzz/sasl.ts has it.
    mechanisms: ["PLAIN", "LOGIN"],
  };
  for (let round = 0; round < iterations; round++) {
    const input = makeInput(random);
    const { summary, output, maildrop } = await run(input, deps, random);
    const text = decodeLatin1(input);
    assert.ok(summary.end !== "failed", `failed on ${JSON.stringify(text)}`);
    const isAnswered = /^\+OK POP3 ready\r\n(?:[^\n]*\r\n)*$/.test(output);
    assert.ok(isAnswered, `${JSON.stringify(text)} gave ${JSON.stringify(output)}`);
    if (!/quit/i.test(text)) assert.equal(maildrop.updates.length, 0, text);
    if (summary.identity !== undefined) assert.ok(holdsPassword(text), JSON.stringify(text));
  }
}

/** As it is, or in base64: names may be written otherwise than here, passwords not. */
function holdsPassword(text: string): boolean {
  const words = text.match(/[A-Za-z0-9+/]+=*/g) ?? [];
  return [text, ...words.map((word) => Buffer.from(word, "base64").toString())].some((each) =>
    each.includes("right"),
  );
}

async function run(
  input: Uint8Array,
  deps: SaslServerDeps,
  random: SeededRandom,
): Promise<{ summary: Pop3Summary; output: string; maildrop: MemoryMaildrop }> {
  const { client, server } = makeMemoryPipe({
    implicitTls: random.float() < 0.8,
    chunkOctets: CHUNKS[Math.floor(random.float() * CHUNKS.length)],
  });
  const maildrop = new MemoryMaildrop(MESSAGES, 3 + Math.floor(random.float() * 300));
  const handler = new MemoryHandler(deps, server, maildrop);
  const written: Uint8Array[] = [];
  // What the server says is taken down here, so that nothing depends on when the client reads.
  server.write = async (octets) => void written.push(octets);
  const done = servePop3(server, handler, {
    clock: new TestClock(),
    offersStartTls: true,
    maxBadCommands: 1 + Math.floor(random.float() * 30),
  });
  await client.write(input);
  await client.close();
  const summary = await done;
  return { summary, output: decodeLatin1(concatBytes([new Uint8Array(0), ...written])), maildrop };
}

function makeInput(random: SeededRandom): Uint8Array {
  const pick = (limit: number): number => Math.floor(random.float() * limit);
  let text = "";
  for (let lines = 1 + pick(12); lines > 0; lines--) {
    const ending = pick(30) === 0 ? ["\n", "\r", "\r\r\n", ""][pick(4)] : "\r\n";
    text += LINES[pick(LINES.length)] + ending;
  }
  if (pick(200) === 0) text += "A".repeat(pick(30_000));
  let octets = Uint8Array.from(encodeLatin1(text));
  for (let changes = pick(4); changes > 0; changes--) {
    const at = pick(octets.length);
    if (pick(2) === 0) octets[at] = pick(256);
    else octets = Uint8Array.of(...octets.subarray(0, at), ...octets.subarray(at + pick(4)));
  }
  return octets;
}
