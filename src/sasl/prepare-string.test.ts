import assert from "node:assert/strict";
import { test } from "node:test";
import { preparePassword, prepareName } from "./prepare-string.ts";
import { decodeSaslName, encodeSaslName } from "./sasl-name.ts";
import { decodeInitialResponse, decodeResponseLine } from "./response-line.ts";

test("RFC 8265 §4.2, RFC 4013: passwords keep case and spaces, composed, ASCII spaces", () => {
  assert.equal(preparePassword("correct horse"), "correct horse");
  assert.equal(preparePassword("Correct\u3000Horse"), "Correct Horse");
  assert.equal(preparePassword("a\u00a0b"), "a b");
  assert.equal(preparePassword("π\u00df\u00e5"), "π\u00df\u00e5");
  assert.equal(preparePassword("Jack of \u2666s"), "Jack of \u2666s");
  assert.equal(preparePassword("e\u0301"), "\u00e9", "composed, as typed on a Mac or not");
  assert.equal(preparePassword("\u2168"), "IX", "RFC 4013 §3, example 5");
  assert.equal(preparePassword("\u00aa"), "a", "RFC 4013 §3, example 4");
  assert.equal(preparePassword(""), undefined);
  assert.equal(preparePassword("my cat is a \u0009by"), undefined);
  assert.equal(preparePassword("a\u0000"), undefined);
  assert.equal(preparePassword("\ud800"), undefined);
  assert.equal(preparePassword("\u{1f600}"), "\u{1f600}");
  assert.equal(preparePassword("x".repeat(4096))?.length, 4096);
  assert.equal(preparePassword("x".repeat(4097)), undefined);
});

test("RFC 8265 §3.4: names keep case, composed, full-width ASCII narrowed", () => {
  assert.equal(prepareName("Ada@example.org"), "Ada@example.org");
  assert.equal(prepareName("\uff21\uff44\uff41"), "Ada");
  assert.equal(prepareName("e\u0301"), "\u00e9");
  assert.equal(prepareName("a\rb"), undefined);
  assert.equal(prepareName("a\u0085b"), undefined);
  assert.equal(prepareName(""), undefined);
  assert.equal(prepareName("x".repeat(513)), undefined);
});

test("RFC 5801 §4: saslname escapes and back", () => {
  assert.equal(encodeSaslName("a=b,c"), "a=3Db=2Cc");
  for (const name of ["a=b,c", "=2C", ",", "=", "plain", "ü"]) {
    assert.equal(decodeSaslName(encodeSaslName(name)), name);
  }
  for (const bad of ["=", "=2c", "=3d", "a,b", "=41", "a\u0000"]) {
    assert.equal(decodeSaslName(bad), undefined);
  }
});

test("base64 lines of the protocols: cancel, empty, malformed", () => {
  assert.equal(decodeResponseLine("*").type, "cancelled");
  assert.deepEqual(decodeResponseLine(""), { type: "octets", octets: Buffer.alloc(0) });
  assert.equal(decodeResponseLine("=").type, "malformed");
  assert.equal(decodeResponseLine("AA=").type, "malformed");
  assert.equal(decodeResponseLine(" AAAA").type, "malformed");
  assert.equal(decodeInitialResponse("=").type, "octets");
  assert.equal(decodeInitialResponse("").type, "malformed");
  assert.equal(decodeInitialResponse("*").type, "malformed");
});
