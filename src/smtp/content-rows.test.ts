/** Rows of the security list about BDAT and about how many recipients a client may name. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { serveInMemory } from "./testing/serve-in-memory.ts";
import { DEFAULT_LIMITS } from "./serve-options.ts";
import { Recording } from "./testing/recording-handler.ts";

/** Sends `moves` one after the other; the code of each answer. */
async function converse(
  moves: readonly string[],
  chunkOctets?: number,
): Promise<{ codes: string[]; recording: Recording }> {
  const recording = new Recording();
  const { client, ended } = serveInMemory({
    recording,
    options: { limits: { errorDelayMs: 0, hardErrors: 5000, maxJunkCommands: 5000 } },
    channel: chunkOctets === undefined ? {} : { chunkOctets },
  });
  let heard = "";
  const answer = async (): Promise<string> => {
    for (;;) {
      const match = /^(?:\d{3}-[^\r]*\r\n)*(\d{3}) [^\r]*\r\n/.exec(heard);
      if (match !== null) {
        heard = heard.slice(match[0].length);
        return match[1];
      }
      const octets = await client.read(1000);
      assert.ok(octets !== undefined, heard);
      heard += Buffer.from(octets).toString("latin1");
    }
  };
  await answer();
  const codes: string[] = [];
  for (const move of moves) {
    await client.write(Buffer.from(move, "latin1"));
    codes.push(await answer());
  }
  client.abort();
  await ended;
  return { codes, recording };
}

const BEGIN = ["EHLO x\r\n", "MAIL FROM:<a@b.test>\r\n", "RCPT TO:<c@example.org>\r\n"];

test("security row 8: BDAT counts octets: no dot ends it, a chunk that is refused is swallowed whole and never read as commands", async () => {
  const commands = "\r\n.\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<d@example.org>\r\n";
  const bdat = (text: string, last = ""): string => `BDAT ${text.length}${last}\r\n${text}`;
  for (const chunkOctets of [undefined, 1, 7]) {
    const whole = await converse(
      [...BEGIN, bdat(commands), bdat(".\r\n"), "BDAT 0 LAST\r\n", "NOOP\r\n"],
      chunkOctets,
    );
    assert.deepEqual(whole.codes.slice(3), ["250", "250", "250", "250"]);
    assert.equal(Buffer.from(whole.recording.messages[0].content).toString(), `${commands}.\r\n`);

    // A stray LF: the message is refused, its octets swallowed, and no more chunks are taken for it.
    const refused = await converse(
      [...BEGIN, bdat(`stray\n${commands}`), bdat("x\r\n"), "RSET\r\n", "NOOP\r\n"],
      chunkOctets,
    );
    assert.deepEqual(refused.codes.slice(3), ["550", "503", "250", "250"]);
    // Without MAIL, without RCPT, in the middle of another transaction: swallowed all the same.
    const early = await converse(["EHLO x\r\n", bdat(commands), "NOOP\r\n"], chunkOctets);
    assert.deepEqual(early.codes.slice(1), ["503", "250"]);
    const mixed = await converse([...BEGIN, bdat("x\r\n"), "DATA\r\n", "NOOP\r\n"], chunkOctets);
    assert.deepEqual(mixed.codes.slice(3), ["250", "503", "250"]);
    assert.deepEqual(
      [refused, early, mixed].flatMap(({ recording }) => recording.messages),
      [],
    );
  }
});

test("security row 23: a thousand recipients, then 452 for each further one; those taken stay", async () => {
  assert.equal(DEFAULT_LIMITS.maxRecipients, 1000);
  const rcpts = Array.from({ length: 1002 }, (_, at) => `RCPT TO:<u${at}@example.org>\r\n`);
  const { codes, recording } = await converse([
    ...BEGIN.slice(0, 2),
    ...rcpts,
    "DATA\r\n",
    "hello\r\n.\r\n",
  ]);
  assert.deepEqual(
    codes.slice(2, 1002),
    Array.from({ length: 1000 }, () => "250"),
  );
  assert.deepEqual(codes.slice(1002), ["452", "452", "354", "250"]);
  assert.equal(recording.messages[0].to.length, 1000);
});
