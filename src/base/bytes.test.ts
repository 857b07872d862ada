import assert from "node:assert/strict";
import { test } from "node:test";
import {
  concatBytes,
  decodeBase64,
  decodeLatin1,
  decodeUtf8Strict,
  encodeBase64,
  encodeLatin1,
  encodeUtf8,
  equalBytes,
  indexOfBytes,
  lowerAscii,
} from "./bytes.ts";

test("latin1 keeps every octet, also those that windows-1252 moves", () => {
  const all = Uint8Array.from({ length: 256 }, (_, octet) => octet);
  const text = decodeLatin1(all);
  assert.equal(text.charCodeAt(0x80), 0x80);
  assert.deepEqual([...encodeLatin1(text)], [...all]);
});

test("search finds a pattern at, after and not before the start", () => {
  const octets = encodeUtf8("a\r\n.\r\nb\r\n.\r\n");
  const end = encodeUtf8("\r\n.\r\n");
  assert.equal(indexOfBytes(octets, end), 1);
  assert.equal(indexOfBytes(octets, end, 2), 7);
  assert.equal(indexOfBytes(octets.subarray(3), end), 4);
  assert.equal(indexOfBytes(octets, encodeUtf8("x")), -1);
});

test("strict UTF-8 refuses what is not, and keeps a byte order mark", () => {
  assert.equal(decodeUtf8Strict(Uint8Array.of(0xc3, 0x28)), undefined);
  assert.equal(decodeUtf8Strict(encodeUtf8("\ufeffä")), "\ufeffä");
});

test("base64 is strict: padding, alphabet and length", () => {
  assert.equal(encodeBase64(encodeUtf8("ab")), "YWI=");
  for (const wrong of ["YWI", "YW I=", "YWI=\n", "Y=I=", "YWI-", "===="]) {
    assert.equal(decodeBase64(wrong), undefined, wrong);
  }
  assert.deepEqual(decodeBase64(""), Buffer.alloc(0));
});

test("joining one part copies nothing; joining several keeps their order", () => {
  const one = encodeUtf8("one");
  assert.equal(concatBytes([one]), one);
  assert.ok(equalBytes(concatBytes([one, encodeUtf8("two")]), encodeUtf8("onetwo")));
});

test("only ASCII letters are folded", () => {
  assert.equal(lowerAscii("INBOX/Ä"), "inbox/Ä");
});
