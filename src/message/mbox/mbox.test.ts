import { test } from "node:test";
import assert from "node:assert/strict";
import { concatBytes, decodeLatin1, encodeLatin1 } from "../../base/bytes.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { detectDialect } from "./detect-dialect.ts";
import { MBOX_DIALECTS, type MboxDialect } from "./dialect.ts";
import { formatFromLine, parseFromLine } from "./from-line.ts";
import { networkLines, unixLines } from "./line-ends.ts";
import type { MboxFile } from "./mbox-file.ts";
import { readEntry } from "./read-entry.ts";
import { isMbox, scanEntries } from "./scan-entries.ts";
import { writeEntry } from "./write-entry.ts";

type Message = { text: string; flags: readonly string[]; sender: string; atMs: number };

function memoryFile(text: string): MboxFile {
  const octets = encodeLatin1(text);
  return {
    sizeOctets: octets.length,
    read: async (start, end) => octets.slice(start, Math.min(end, octets.length)),
  };
}

function* cut(text: string, size: number): Generator<Uint8Array> {
  const octets = encodeLatin1(text);
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return decodeLatin1(concatBytes(parts));
}

async function write(
  messages: readonly Message[],
  dialect: MboxDialect,
  size = 7,
): Promise<string> {
  let text = "";
  for (const { text: body, flags, sender, atMs } of messages) {
    text += await textOf(
      writeEntry({ content: () => cut(body, size), flags, sender, atMs, dialect }),
    );
  }
  return text;
}

async function read(text: string, dialect: MboxDialect): Promise<Message[]> {
  const file = memoryFile(text);
  const useContentLength = dialect === "mboxcl" || dialect === "mboxcl2";
  const found: Message[] = [];
  for await (const entry of scanEntries(file, { useContentLength })) {
    const { flags, content } = await readEntry(file, entry, dialect);
    const { sender, atMs = -1 } = entry;
    found.push({ text: await textOf(content()), flags, sender, atMs });
  }
  return found;
}

const PIECES = [
  "From ",
  ">From ",
  ">>From ",
  "From x@y.test Sat Mar  7 08:09:10 2026",
  "\r\n",
  "\r\n",
  "\r\n\r\n",
  "Subject: x",
  "Received: by z",
  "\r",
  "\0",
  "a",
  " folded",
  "é",
  "Froma",
  "\t",
  ":",
  "Content-Type: y",
];
const FLAGS = ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$Forwarded", "work"];

function randomMessage(random: SeededRandom): Message {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.float() * from.length)];
  let text = pick([
    "Subject: s\r\n\r\n",
    "Subject: s\r\nTo: t\r\n",
    "",
    "\r\n",
    "body\r\n",
    "From ",
  ]);
  const count = Math.floor(random.float() * 14);
  for (let n = 0; n < count; n++) text += pick(PIECES);
  // What no mbox gives back, see write-entry.ts.
  text = text
    .replace(/\r+\r\n/g, "\r\n")
    .replace(/^[ \t]+/, "")
    .replace(/\r+$/, "");
  const atMs = Math.floor(random.float() * 2_000_000_000) * 1000;
  return {
    text,
    flags: FLAGS.filter(() => random.float() < 0.3),
    sender: pick(["", "a@b.test"]),
    atMs,
  };
}

for (const dialect of MBOX_DIALECTS) {
  test(`${dialect}: what was written is read again, whatever it holds`, async () => {
    const random = new SeededRandom(MBOX_DIALECTS.indexOf(dialect) + 1);
    for (let round = 0; round < 150; round++) {
      const messages = Array.from({ length: 1 + Math.floor(random.float() * 5) }, () =>
        randomMessage(random),
      );
      const size = 1 + Math.floor(random.float() * 40);
      const text = await write(messages, dialect, size);
      const again = await read(text, dialect);
      const expected = messages.map((message) => ({
        ...message,
        text: kept(message.text, dialect),
      }));
      const told = again.map((message, n) => ({
        ...message,
        flags: [...message.flags].sort(),
        text: endsAnyhow(message.text, messages[n]?.text ?? "", dialect),
      }));
      assert.deepEqual(
        told,
        expected.map((message) => ({ ...message, flags: [...message.flags].sort() })),
        JSON.stringify(text),
      );
    }
  });
}

/** What a dialect loses: mboxo and mboxcl take a `>` that was there for their own. */
function kept(text: string, dialect: MboxDialect): string {
  const isLossy = dialect === "mboxo" || dialect === "mboxcl";
  return isLossy ? text.replace(/(^|\n)>From /g, "$1From ") : text;
}

/** The line end that a message without one is given. */
function endsAnyhow(text: string, original: string, _dialect: MboxDialect): string {
  if (original === "" || original.endsWith("\n")) return text;
  return text.replace(/\r\n$/, "");
}

test("line ends come through both ways, cut anywhere", async () => {
  const text = "a\r\nb\rc\r\n\r\n\0\rd";
  for (let size = 1; size < 6; size++) {
    const unix = await textOf(unixLines(cut(text, size)));
    assert.equal(unix, "a\nb\rc\n\n\0\rd");
    assert.equal(await textOf(networkLines(cut(unix, size))), text);
    assert.equal(await textOf(networkLines(cut(text, size))), text);
  }
});

test("From_ lines of many programs give sender and date", () => {
  const at = Date.UTC(2026, 2, 7, 8, 9, 10);
  for (const [line, sender, atMs] of [
    ["From a@b Sat Mar  7 08:09:10 2026", "a@b", at],
    ["From a@b  Sat Mar 07 08:09:10 2026", "a@b", at],
    ["From - Sat Mar 07 08:09:10 2026", "", at],
    ["From MAILER-DAEMON Sat Mar  7 08:09:10 2026", "", at],
    ["From a@b Sat Mar  7 08:09 2026", "a@b", at - 10_000],
    ["From a@b Sat Mar  7 08:09:10 UTC 2026", "a@b", at],
    ["From a@b Sat Mar  7 09:09:10 2026 +0100", "a@b", at],
    ["From 17@xxx Sat Mar 07 08:09:10 +0000 2026", "17@xxx", at],
    ["From ", "", undefined],
  ] as const) {
    assert.deepEqual(parseFromLine(line), { sender, atMs }, line);
  }
  for (const line of [
    "From me to you",
    "From: a@b",
    " From a Sat Mar  7 08:09:10 2026",
    "From a Sat Mar 77 08:09:10 2026",
  ]) {
    assert.equal(parseFromLine(line), undefined, line);
  }
  assert.equal(formatFromLine("a b\n", at), "From a_b_ Sat Mar  7 08:09:10 2026");
});

const LINE = "From a@b.test Sat Mar  7 08:09:10 2026\n";

test("a wrong Content-Length is not believed", async () => {
  for (const length of [0, 1, 3, 5, 30, 1_000_000, 999_999_999_999]) {
    const text = `${LINE}Content-Length: ${length}\nSubject: 1\n\nbody\n\n${LINE}Subject: 2\n\n`;
    const texts = (await read(text, "mboxcl2")).map((message) => message.text);
    assert.deepEqual(texts, ["Subject: 1\r\n\r\nbody\r\n", "Subject: 2\r\n"], String(length));
  }
});

test("files of other programs: CRLF, no blank line between, Thunderbird's bare From line", async () => {
  const crlf = `${LINE}Subject: 1\n\none\n\n${LINE}Subject: 2\n\ntwo\n`.replaceAll("\n", "\r\n");
  const bare = "From \nSubject: 1\n\none\n\nFrom \nSubject: 2\n\ntwo\n";
  const tight = `\n${LINE}Subject: 1\n\none\n${LINE}Subject: 2\n\ntwo`;
  for (const text of [crlf, bare, tight]) {
    assert.deepEqual(
      (await read(text, "mboxrd")).map((message) => message.text.trimEnd()),
      ["Subject: 1\r\n\r\none", "Subject: 2\r\n\r\ntwo"],
    );
  }
});

test("flags of mutt, Dovecot and Thunderbird", async () => {
  const flagsOf = async (fields: string): Promise<readonly string[]> =>
    (await read(`${LINE}${fields}Subject: x\n\n`, "mboxrd"))[0].flags;
  assert.deepEqual(await flagsOf("Status: RO\nX-Status: AF\n"), [
    "\\Seen",
    "\\Answered",
    "\\Flagged",
  ]);
  assert.deepEqual(await flagsOf("Status: O\nX-Keywords: work  NonJunk \n"), ["work", "NonJunk"]);
  assert.deepEqual(
    await flagsOf(
      "X-Mozilla-Status: 1005\nX-Mozilla-Status2: 04000000\nX-Mozilla-Keys: $label1 a\n",
    ),
    ["\\Seen", "\\Flagged", "$Forwarded", "$label2", "$label1", "a"],
  );
});

test("the dialect is seen where it can be", async () => {
  const message = { text: "Subject: x\r\n\r\nFrom me\r\n", flags: [], sender: "", atMs: 0 };
  assert.equal(await detectDialect(memoryFile(await write([message], "mboxcl2"))), "mboxcl2");
  assert.equal(await detectDialect(memoryFile(await write([message], "mboxcl"))), "mboxcl");
  assert.equal(await detectDialect(memoryFile(await write([message], "mboxrd"))), "mboxrd");
  assert.equal(await isMbox(memoryFile("Subject: x\n\nFrom me")), false);
  assert.equal(await isMbox(memoryFile(`\n\n${LINE}`)), true);
});

test("a message over a window's size, with half a From line at its edge", async () => {
  for (const length of [1_048_570, 1_048_576, 2_000_000]) {
    const text = `Subject: x\r\n\r\n${"x".repeat(length)}\r\nFrom y\r\nz\r\n`;
    const messages = [1, 2].map(() => ({ text, flags: [], sender: "a@b", atMs: 1000 }));
    for (const dialect of ["mboxrd", "mboxcl2"] as const) {
      const again = await read(await write(messages, dialect, 100_000), dialect);
      assert.deepEqual(
        again.map((message) => message.text === text),
        [true, true],
        dialect,
      );
    }
  }
});

test("whatever octets a file holds, its entries lie in it one behind the other", async () => {
  const random = new SeededRandom(11);
  const parts = [
    ...PIECES,
    LINE,
    LINE,
    "\n",
    "\n\n",
    "Content-Length: 3\n",
    "Content-Length: 99999\n",
    "From \n",
  ];
  for (let round = 0; round < 300; round++) {
    let text = random.float() < 0.7 ? LINE : "";
    while (random.float() < 0.95) text += parts[Math.floor(random.float() * parts.length)];
    const file = memoryFile(text);
    for (const useContentLength of [true, false]) {
      let before = 0;
      for await (const entry of scanEntries(file, { useContentLength })) {
        assert.ok(entry.at >= before && entry.start > entry.at && entry.end >= entry.start);
        assert.ok(entry.end <= file.sizeOctets, JSON.stringify(text));
        before = entry.start;
        const { content } = await readEntry(file, entry, "mboxrd");
        await textOf(content());
      }
    }
  }
});
