import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeModifiedUtf7, encodeModifiedUtf7 } from "./modified-utf7.ts";

test("RFC 3501 §5.1.3: names there and back", () => {
  const rows: [string, string][] = [
    ["INBOX", "INBOX"],
    ["~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"],
    ["Entwürfe", "Entw&APw-rfe"],
    ["R&D", "R&-D"],
    ["&", "&-"],
    ["😀", "&2D3eAA-"],
    ["a\tb", "a&AAk-b"],
    ["", ""],
  ];
  for (const [name, wire] of rows) {
    assert.equal(encodeModifiedUtf7(name), wire);
    assert.equal(decodeModifiedUtf7(wire), name);
  }
});

test("security row 87: what no encoder writes is refused", () => {
  for (const wire of [
    "&",
    "&AGE-",
    "&2D0-",
    "&APw",
    "&AP-",
    "&APx-",
    "&U/BTFw-",
    "ü",
    "a\r\nb",
    "&Jjo-&Jjo-",
    "&=-",
  ]) {
    assert.equal(decodeModifiedUtf7(wire), undefined, wire);
  }
});

test("any well-formed name comes back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      assert.equal(decodeModifiedUtf7(encodeModifiedUtf7(name)), name);
    }),
    { numRuns: 500, seed: 4 },
  );
});
