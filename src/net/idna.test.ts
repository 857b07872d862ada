import assert from "node:assert/strict";
import { test } from "node:test";
import { isAsciiDomain, toAsciiDomain, toUnicodeDomain } from "./idna.ts";

const CASES: [string, string | undefined][] = [
  ["Example.TEST", "example.test"],
  ["example.test.", "example.test"],
  ["bücher.example", "xn--bcher-kva.example"],
  ["BÜCHER.example", "xn--bcher-kva.example"],
  ["xn--bcher-kva.example", "xn--bcher-kva.example"],
  ["例え.テスト", "xn--r8jz45g.xn--zckzah"],
  ["_dmarc.example.test", "_dmarc.example.test"],
  ["localhost", "localhost"],
  // The platform's converter would make addresses of these.
  ["127.1", undefined],
  ["0x7f.1", undefined],
  ["example.0x1", undefined],
  ["1.2.3.4", undefined],
  ["１２７.1", undefined],
  // …decode this
  ["exa%6dple.test", undefined],
  // …and let these pass.
  ["a..b", undefined],
  ["-a.test", undefined],
  ["a-.test", undefined],
  ["", undefined],
  [".", undefined],
  [".test", undefined],
  ["a b.test", undefined],
  ["a@b.test", undefined],
  ["a/b.test", undefined],
  ["[::1]", undefined],
  ["a\r\n.test", undefined],
  [`${"x".repeat(64)}.test`, undefined],
  [`${"x.".repeat(127)}test`, undefined],
];

for (const [given, wanted] of CASES) {
  test(`idna: ${JSON.stringify(given.slice(0, 40))} becomes ${wanted}`, () => {
    assert.equal(toAsciiDomain(given), wanted);
    if (wanted !== undefined) assert.ok(isAsciiDomain(wanted));
  });
}

test("idna: back to what people read", () => {
  assert.equal(toUnicodeDomain("xn--bcher-kva.example"), "bücher.example");
  assert.equal(toUnicodeDomain("example.test"), "example.test");
  assert.equal(toUnicodeDomain("xn--.test"), "xn--.test");
});
