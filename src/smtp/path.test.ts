import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "../message/addr-spec.ts";
import { describePath } from "./describe-path.ts";
import { parseForwardPath, parseReversePath } from "./path.ts";
import { decodeXtext, encodeUtf8Address, encodeXtext } from "./xtext.ts";

function forward(text: string): string {
  const parsed = parseForwardPath(text);
  return parsed.ok ? `${describePath(parsed.value.path)} ${parsed.value.rest}`.trim() : "refused";
}

const good: [string, string][] = [
  ["TO:<a@example.org>", "<a@example.org>"],
  ["to:   <A@EXAMPLE.org>", "<A@example.org>"],
  ["TO:<a@example.org> X=1 Y", "<a@example.org> X=1 Y"],
  ["TO:<@x.example:a@example.org>", "<a@example.org>"],
  ["TO:<@x,@[IPv6:2001:db8::1],@y:a@example.org>", "<a@example.org>"],
  ['TO:<"a b"@example.org>', '<"a b"@example.org>'],
  ['TO:<"a\\"> X=1 <"@example.org> Y=2', '<"a\\"> X=1 <"@example.org> Y=2'],
  ['TO:<@x:"@y:z@w"@example.org>', '<"@y:z@w"@example.org>'],
  ["TO:<Postmaster>", "<Postmaster>"],
  ["TO:<user@[192.0.2.1]>", "<user@[192.0.2.1]>"],
  ["TO:<u%evil.example@example.org>", "<u%evil.example@example.org>"],
  ["TO:<evil.example!u@example.org>", "<evil.example!u@example.org>"],
  ["TO:<ü@exämple.org>", "<ü@exämple.org>"],
];

for (const [text, expected] of good) {
  test(`A1: path ${text}`, () => assert.equal(forward(text), expected));
}

test("A1, security rows 18, 19, 20: paths that are refused", () => {
  for (const text of [
    "",
    "TO",
    "TO:",
    "TO :<a@example.org>",
    "TO:a@example.org",
    "TO:<a@example.org",
    "TO:<a@example.org>X=1",
    "TO:<>",
    "TO:<a>",
    "TO:<@example.org>",
    "TO:<@x:>",
    "TO:<@x a@example.org>",
    "TO:<@x@y:a@example.org>",
    "TO:<a@example.org,b@example.org>",
    'TO:<""@example.org>',
    'TO:<"a@example.org>',
    'TO:<"a"b@example.org>',
    "TO:<a b@example.org>",
    "TO:<a@b@example.org>",
    "TO:<a@exa mple.org>",
    "TO:<.a@example.org>",
    "TO:<a@-example.org>",
    "TO:<a@[192.0.2.1>",
    "FROM:<a@example.org>",
    "TO:<Postmaster@>",
  ]) {
    assert.equal(forward(text), "refused", text);
  }
});

test("D21: the null reverse-path is taken, and only as reverse-path", () => {
  const parsed = parseReversePath("FROM:<> SIZE=1");
  assert(parsed.ok);
  assert.deepEqual(parsed.value, { path: "null", rest: "SIZE=1" });
});

test("path: whatever is read can be written and read again", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
      for (const wrapped of [
        `TO:<${text}>`,
        `TO:<"${text}"@example.org>`,
        `TO:<${text}@example.org>`,
      ]) {
        const parsed = parseForwardPath(wrapped);
        if (!parsed.ok || parsed.value.path.domain === "") continue;
        const again = parseForwardPath(`TO:<${formatAddress(parsed.value.path)}>`);
        assert(again.ok);
        assert.deepEqual(again.value.path, parsed.value.path);
      }
    }),
  );
});

test("G38: xtext there and back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
      assert.equal(decodeXtext(encodeXtext(text)), text);
      for (const isUtf8Allowed of [true, false]) {
        const encoded = encodeUtf8Address(text, isUtf8Allowed);
        if (!isUtf8Allowed) assert.match(encoded, /^[!-~]*$/);
        assert.equal(decodeXtext(encoded, { utf8: true }), text);
      }
    }),
  );
});
