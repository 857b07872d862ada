import assert from "node:assert/strict";
import { test } from "node:test";
import { DataDecoder } from "./data-decoder.ts";
import { DataEncoder } from "./data-encoder.ts";
import { splitLeniently } from "./testing/lenient-reader.ts";
import { serveInMemory } from "./testing/serve-in-memory.ts";

/** Ways in which one server or another has ended a message. Only CRLF.CRLF does. */
const VARIANTS: readonly string[] = [
  "\n.\n",
  "\n.\r\n",
  "\n.\r",
  "\r.\r",
  "\r.\n",
  "\r.\r\n",
  "\r\n.\n",
  "\r\n.\r",
  "\r\n.\r\r\n",
  "\r\n.\0\r\n",
  "\r\n\0.\r\n",
  "\r\n.\n\r\n",
  "\r\r\n.\n",
  "\r\r\n.\r",
  "\n\r.\r\n",
  "\n\r\n.\n",
  "\n\n.\n\n",
  "\r\r.\r\r",
  "\r\n.\r\0\n",
  "\r\0\n.\r\0\n",
  "\r\n. \r\n",
  "\r\n .\r\n",
  "\r\n..\r\n",
  "\r\n.\t\r\n",
  "\r\n.\u000b\r\n",
  "\r\n.\u0085",
  "\u0085.\u0085",
  "\u2028.\u2028",
  "\n.\u0000\n",
  "\r.\r.\r\n",
];

const SMUGGLED =
  "MAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nevil message\r\n.\r\n";

function show(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

type Verdict = { readonly replies: string; readonly messages: readonly string[] };

/** One message with the variant and more behind it, cut in two at `cut` (or in pieces of one octet). */
async function receive(
  body: string,
  cut: number | "octets",
  strayLineEnds: "reject" | "normalize",
): Promise<Verdict> {
  const { client, recording, ended } = serveInMemory({
    options: { strayLineEnds, nulOctets: "accept", limits: { errorDelayMs: 0 } },
    channel: cut === "octets" ? { chunkOctets: 1 } : {},
  });
  let replies = "";
  const listening = (async () => {
    for (let octets; (octets = await client.read(0)) !== undefined;) {
      replies += Buffer.from(octets).toString("latin1");
    }
  })();
  const heard = async (mark: string): Promise<void> => {
    for (let turn = 0; turn < 5000 && !replies.includes(mark); turn++) await Promise.resolve();
    assert(replies.includes(mark), replies);
  };
  await heard("220 ");
  await client.write(Buffer.from("HELO client.example\r\n"));
  await heard("250 mx");
  await client.write(
    Buffer.from("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"),
  );
  await heard("354 ");
  const octets = Buffer.from(`${body}\r\n.\r\nQUIT\r\n`);
  const at = cut === "octets" ? octets.length : cut;
  await client.write(octets.subarray(0, at));
  await client.write(octets.subarray(at));
  await ended;
  await listening;
  return {
    replies,
    messages: recording.messages.map(({ content }) => Buffer.from(content).toString()),
  };
}

test("B13, B14, security rows 1, 2, 3, 4: no variant ends a message, at any split", async () => {
  for (const variant of VARIANTS) {
    const body = `Subject: x\r\n\r\nhello${variant}${SMUGGLED.replace(/\r\n\.\r\n$/, "")}`;
    const length = Buffer.from(body).length;
    const around = Buffer.from(`Subject: x\r\n\r\nhello`).length;
    const cuts: (number | "octets")[] = ["octets", 0, length];
    for (let at = around - 2; at <= around + Buffer.from(variant).length + 2; at++) cuts.push(at);
    for (const cut of cuts) {
      for (const policy of ["reject", "normalize"] as const) {
        const { replies, messages } = await receive(body, cut, policy);
        const label = `${show(variant)} at ${cut}, ${policy}`;
        assert.equal(
          replies.match(/354/g)?.length,
          1,
          `${label}: nothing in the body is a command`,
        );
        assert.match(replies, /(?:250 2\.0\.0 Ok: queued|550 5\.6\.11).*\r\n221/, label);
        assert(messages.length <= 1, label);
        assert(!messages.some((message) => message.startsWith("evil")), label);
      }
    }
  }
});

test("B13: CRLF.CRLF alone ends a message, at every split, and the rest are commands", async () => {
  const body = `Subject: x\r\n\r\nhello\r\n.\r\n${SMUGGLED.replace(/\r\n\.\r\n$/, "")}`;
  // DATA behind octets that come too early would be refused: here the client waits for nothing.
  for (let cut = 0; cut <= 30; cut++) {
    const { messages } = await receive(body, cut, "reject");
    assert.equal(messages[0], "Subject: x\r\n\r\nhello\r\n");
  }
});

test("B15: the data decoder takes out exactly one leading dot, wherever the chunks are cut", () => {
  const wire = Buffer.from("..a\r\n...\r\n.b\r\nc.d\r\n\r\n....\r\n..\r\n.\r\nREST");
  const expected = ".a\r\n..\r\nb\r\nc.d\r\n\r\n...\r\n.\r\n";
  const decode = (pieces: readonly Buffer[]): string => {
    const decoder = new DataDecoder();
    const content: Uint8Array[] = [];
    let rest = "";
    for (const piece of pieces) {
      const used = decoder.isDone ? 0 : decoder.decode(piece, 0, content);
      rest += piece.subarray(used).toString();
    }
    assert(decoder.isDone);
    assert.equal(rest, "REST");
    return Buffer.concat(content).toString();
  };
  for (let first = 0; first <= wire.length; first++) {
    for (let second = first; second <= wire.length; second++) {
      const pieces = [wire.subarray(0, first), wire.subarray(first, second), wire.subarray(second)];
      assert.equal(decode(pieces.filter((piece) => piece.length > 0)), expected);
    }
  }
});

test("security row 5: what our client sends cannot be read as two messages by a lenient reader", () => {
  for (const variant of [...VARIANTS, "\r\n.\r\n", "\r\n.", ".\r\n", "\r", "\n"]) {
    for (const payload of [`hello${variant}${SMUGGLED}`, `${variant}${SMUGGLED}`]) {
      const content = Buffer.from(payload);
      for (let cut = 0; cut <= 12; cut++) {
        const encoder = new DataEncoder();
        const wire = Buffer.concat([
          encoder.push(content.subarray(0, cut)),
          encoder.push(content.subarray(cut)),
          encoder.end(),
        ]);
        const label = `${show(variant)} at ${cut}: ${show(wire.toString("latin1"))}`;
        assert.deepEqual(splitLeniently(wire).length, 1, label);
        assert.equal(/(?<!\r)\n|\r(?!\n)/.test(wire.toString("latin1")), false, label);
      }
    }
  }
});

test("security row 6: what our encoder frames, our decoder reads back the same", () => {
  for (const variant of VARIANTS) {
    const mended = new DataEncoder();
    const wire = Buffer.concat([mended.push(Buffer.from(`a${variant}b\r\n.c\r\n`)), mended.end()]);
    const once: Uint8Array[] = [];
    new DataDecoder().decode(wire, 0, once);
    const again = new DataEncoder();
    const rewired = Buffer.concat([again.push(Buffer.concat(once)), again.end()]);
    assert.deepEqual(rewired, wire, show(variant));
  }
});
