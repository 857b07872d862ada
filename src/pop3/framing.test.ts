import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, decodeLatin1, encodeLatin1 } from "../base/bytes.ts";
import { DotStuffer } from "./dot-stuffing.ts";
import { LineDecoder } from "./line-decoder.ts";
import { TextLines } from "./text-lines.ts";
import { TopCutter } from "./top-cutter.ts";

/** Text made of the pieces that matter, and how to cut it. */
const cutText = fc.tuple(
  fc
    .array(fc.constantFrom("\r\n", "\r", "\n", ".", "..", "x", "\r\n.", "\r\n\r\n"), {
      maxLength: 40,
    })
    .map((pieces) => pieces.join("")),
  fc.array(fc.nat(6), { maxLength: 60 }),
);

function cut(text: string, sizes: readonly number[]): Uint8Array[] {
  const octets = encodeLatin1(text);
  const chunks: Uint8Array[] = [];
  let from = 0;
  for (const size of sizes) {
    if (from >= octets.length) break;
    chunks.push(octets.subarray(from, from + size));
    from += size;
  }
  chunks.push(octets.subarray(from));
  return chunks;
}

function stuff(chunks: readonly Uint8Array[]): string {
  const stuffer = new DotStuffer();
  const out = chunks.map((chunk) => stuffer.stuff(chunk));
  return decodeLatin1(concatBytes([...out, stuffer.end()]));
}

test("security row 92: stuffed text, however it was cut, is undone by a client exactly", () => {
  fc.assert(
    fc.property(cutText, ([text, sizes]) => {
      const sent = stuff(cut(text, sizes));
      // A client as in RFC 1939 §3: lines by CRLF, up to the one that is a dot alone.
      const lines = sent.split("\r\n");
      const end = lines.indexOf(".");
      assert.equal(end, lines.length - 2, "the only terminator is at the end");
      const received = lines
        .slice(0, end)
        .map((line) => line.replace(/^\./, ""))
        .join("\r\n");
      const whole = text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`;
      assert.equal(end === 0 ? received : `${received}\r\n`, whole);
    }),
    { numRuns: 3000, seed: 92 },
  );
});

test("a chunk without a dot at a line start is passed on, not copied", () => {
  const chunk = encodeLatin1("a.b\r\nc.\r\n");
  assert.equal(new DotStuffer().stuff(chunk), chunk);
});

/** TOP by RFC 1939 §7, line by line. */
function topOf(text: string, lines: number): string {
  const all = text.split(/(?<=\r\n)/);
  const blank = all.indexOf("\r\n");
  return blank === -1 ? text : all.slice(0, blank + 1 + lines).join("");
}

test("TOP gives header, blank line and n lines, however the message was cut", () => {
  fc.assert(
    fc.property(cutText, fc.nat(4), ([text, sizes], lines) => {
      const cutter = new TopCutter(lines);
      let got = "";
      for (const chunk of cut(text, sizes)) {
        const { octets, isDone } = cutter.cut(chunk);
        got += decodeLatin1(chunk, 0, octets);
        if (isDone) break;
      }
      assert.equal(got, topOf(text, lines));
    }),
    { numRuns: 3000, seed: 7 },
  );
});

test("lines are the same however they arrive; too long ones are one event each", () => {
  const line = fc.oneof(
    fc.string({ maxLength: 12 }).map((text) => text.replace(/[^ -~]/g, "")),
    fc.nat(60).map((length) => "x".repeat(length)),
    fc.constantFrom("\r", "a\r", "\r\r", "\n", "xxxxxxxxxxxxxxxxxxxx\r", "xxxxxxxxxxxxxxxxxxx\r\r"),
  );
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(9), { maxLength: 200 }), (lines, sizes) => {
      const decoder = new LineDecoder(20);
      const got: string[] = [];
      for (const chunk of cut(lines.map((text) => `${text}\r\n`).join(""), sizes)) {
        decoder.push(chunk);
        for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
          got.push(event.type === "line" ? decodeLatin1(event.octets) : "too long");
        }
      }
      assert.deepEqual(
        got,
        lines.map((text) => (text.length > 20 ? "too long" : text)),
      );
    }),
    { numRuns: 3000, seed: 21 },
  );
});

test("security row 21: a long line in single octets costs linear work and constant memory", () => {
  const decoder = new LineDecoder(12_288);
  const octet = encodeLatin1("x");
  for (let sent = 0; sent < 300_000; sent++) {
    decoder.push(octet);
    assert.equal(decoder.next(), undefined);
  }
  decoder.push(encodeLatin1("\r"));
  assert.equal(decoder.next(), undefined);
  decoder.push(encodeLatin1("\nNOOP\r\n"));
  assert.deepEqual(decoder.next(), { type: "too-long" });
  const line = decoder.next();
  assert.equal(line?.type === "line" && decodeLatin1(line.octets), "NOOP");
  assert.equal(decoder.next(), undefined);
});

test("lines of text: a bare LF becomes CRLF and a NUL 0x80, however they are cut; the rest is not copied", () => {
  fc.assert(
    fc.property(cutText, ([text, sizes]) => {
      const lines = new TextLines();
      const mended = cut(text, sizes).map((chunk) => lines.mend(chunk));
      const wanted = text.replace(/(?<!\r)\n/g, "\r\n");
      assert.equal(decodeLatin1(concatBytes(mended)), wanted);
    }),
    { numRuns: 1000, seed: 92 },
  );
  assert.equal(decodeLatin1(new TextLines().mend(encodeLatin1("a\0b\n"))), "a\x80b\r\n");
  const plain = encodeLatin1("a.b\r\nc.\r");
  assert.equal(new TextLines().mend(plain), plain);
});
