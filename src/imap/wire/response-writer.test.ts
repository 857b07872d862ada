import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, decodeLatin1, decodeUtf8, encodeLatin1 } from "../../base/bytes.ts";
import { okay } from "../completion.ts";
import { ResponseWriter } from "./response-writer.ts";

async function written(write: (out: ResponseWriter) => void): Promise<string> {
  const parts: Uint8Array[] = [];
  const out = new ResponseWriter(async (octets) => void parts.push(octets));
  write(out);
  await out.flush();
  return decodeLatin1(concatBytes(parts));
}

test("strings are quoted where that is safe, literals otherwise", async () => {
  assert.equal(await written((out) => out.string("a b")), '"a b"');
  assert.equal(await written((out) => out.string('a"b\\c')), '"a\\"b\\\\c"');
  assert.equal(await written((out) => out.string("")), '""');
  assert.equal(await written((out) => out.string("a\r\nb")), "{4}\r\na\r\nb");
  assert.equal(await written((out) => out.string("ü")), "{2}\r\n\xc3\xbc");
  assert.equal(await written((out) => out.nstring(undefined)), "NIL");
  assert.equal(
    await written((out) => out.string("x".repeat(2000))),
    `{2000}\r\n${"x".repeat(2000)}`,
  );
});

test("security row 87: mailbox names never break a line", async () => {
  assert.equal(await written((out) => out.mailbox("a\r\nb")), '"a&AA0ACg-b"');
  assert.equal(
    await written((out) => ((out.isUtf8 = true), out.mailbox("a\r\nb"))),
    "{4}\r\na\r\nb",
  );
  assert.equal(
    decodeUtf8(encodeLatin1(await written((out) => ((out.isUtf8 = true), out.mailbox('ü"'))))),
    '"ü\\""',
  );
});

test("response text is one line of ASCII, never empty", async () => {
  assert.equal(
    await written((out) => out.completion("a", okay("x\r\n* BYE"))),
    "a OK x??* BYE\r\n",
  );
  assert.equal(
    await written((out) => out.completion("a", okay("", "ALERT"))),
    "a OK [ALERT] Done\r\n",
  );
});

test("numbers of any size", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.maxSafeNat()), async (numbers) => {
      const text = await written((out) => {
        for (const number of numbers) out.number(number).text(" ");
      });
      assert.equal(text, numbers.map((number) => `${number} `).join(""));
    }),
  );
  assert.equal(await written((out) => out.number(0).text(",").number(4294967295)), "0,4294967295");
});

test("what is written comes out in order, whatever the sizes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 40 }),
      async (sizes) => {
        const parts: Uint8Array[] = [];
        const out = new ResponseWriter(async (octets) => void parts.push(octets));
        let expected = "";
        for (const [index, size] of sizes.entries()) {
          const piece = String.fromCharCode(97 + (index % 26)).repeat(size);
          expected += piece;
          if (index % 2 === 0) out.text(piece);
          else out.octets(encodeLatin1(piece));
          if (index % 7 === 0) await out.relieve();
        }
        await out.flush();
        assert.equal(decodeLatin1(concatBytes(parts)), expected);
      },
    ),
    { numRuns: 50 },
  );
});
