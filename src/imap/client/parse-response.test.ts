import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeUtf8, encodeLatin1, encodeUtf8 } from "../../base/bytes.ts";
import { MAX_DEPTH, parseResponse, parseValues } from "./parse-response.ts";
import type { Response, Value } from "./response.ts";

function good(text: string): Response {
  const result = parseResponse(encodeUtf8(text));
  assert.ok(result.ok, `${text}: ${result.ok ? "" : result.problem}`);
  return result.value;
}

/** Octets as `"text"`, so that a whole tree can be compared. */
function plain(value: Value): unknown {
  if (value instanceof Uint8Array) return `"${decodeUtf8(value)}"`;
  return Array.isArray(value) ? value.map(plain) : value;
}

function values(text: string): unknown {
  const response = good(text);
  assert.equal(response.type, "data");
  return response.type === "data" ? response.values.map(plain) : undefined;
}

test("RFC 9051 §7.1: status responses, tagged and untagged, with and without code", () => {
  assert.deepEqual(good("* OK ready"), {
    type: "status",
    tag: undefined,
    status: "ok",
    code: undefined,
    text: "ready",
  });
  assert.deepEqual(good("a7 NO [TRYCREATE] no such mailbox"), {
    type: "status",
    tag: "a7",
    status: "no",
    code: { name: "TRYCREATE", values: [] },
    text: "no such mailbox",
  });
  assert.deepEqual(good("* BYE"), {
    type: "status",
    tag: undefined,
    status: "bye",
    code: undefined,
    text: "",
  });
  const flags = good("* OK [PERMANENTFLAGS (\\Seen \\*)] limited");
  assert.deepEqual(flags.type === "status" && flags.code, {
    name: "PERMANENTFLAGS",
    values: [["\\Seen", "\\*"]],
  });
  const referral = good('* NO [BADCHARSET ("]" x)] what');
  assert.equal(referral.type === "status" && referral.text, "what");
  const broken = good("a OK [APPENDUID (3] done");
  assert.deepEqual(broken.type === "status" && broken.code, { name: "APPENDUID", values: [] });
});

test("RFC 9051 §7.5: continuation, also bare", () => {
  assert.deepEqual(good("+ idling"), { type: "continuation", text: "idling" });
  assert.deepEqual(good("+"), { type: "continuation", text: "" });
});

test("RFC 9051 §7.3, §7.4: data", () => {
  assert.deepEqual(values("* 172 EXISTS"), []);
  assert.deepEqual(values('* LIST (\\HasNoChildren) "/" "a \\"b\\" \\\\c"'), [
    ["\\HasNoChildren"],
    '"/"',
    '"a "b" \\c"',
  ]);
  assert.deepEqual(values("* LIST () NIL inbox"), [[], null, "inbox"]);
  assert.deepEqual(
    values(
      '* 3 FETCH (BODY[HEADER.FIELDS (DATE "X)Y")]<0> {5}\r\na)\r\nb UID 9 X ~{1}\r\n\u0000 E ("" ()))',
    ),
    [
      [
        'BODY[HEADER.FIELDS (DATE "X)Y")]<0>',
        '"a)\r\nb"',
        "UID",
        "9",
        "X",
        '"\u0000"',
        "E",
        ['""', []],
      ],
    ],
  );
  assert.deepEqual(values("* SEARCH"), []);
});

test("what is no response is a fault", () => {
  for (const text of [
    "",
    "*",
    "* ",
    "a",
    "* (",
    "* 1 FETCH (",
    "* 1 FETCH )",
    '* LIST "x',
    "* X {3}\r\nab",
    "* 1 FETCH (BODY[TEXT x)",
    "* X a\u0001b",
    "* X {99999999999}\r\n",
  ]) {
    assert.equal(parseResponse(encodeUtf8(text)).ok, false, JSON.stringify(text));
  }
});

test("security row 82: nesting is bounded, and the parser does not recurse", () => {
  assert.equal(parseValues(encodeLatin1("(".repeat(MAX_DEPTH) + ")".repeat(MAX_DEPTH))).ok, true);
  assert.equal(
    parseValues(encodeLatin1("(".repeat(MAX_DEPTH + 1) + ")".repeat(MAX_DEPTH + 1))).ok,
    false,
  );
  assert.equal(parseValues(encodeLatin1("(".repeat(1_000_000))).ok, false);
});

test("values written out come back the same", () => {
  const tree = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.stringMatching(/^[A-Za-z0-9\\.$-]{1,12}$/).filter((text) => text.toLowerCase() !== "nil"),
      fc.uint8Array({ maxLength: 20 }),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 4 }),
    ),
  })).value;
  const write = (value: unknown): string => {
    if (value === null) return "NIL";
    if (value instanceof Uint8Array) return `{${value.length}}\r\n${String.fromCharCode(...value)}`;
    return Array.isArray(value) ? `(${value.map(write).join(" ")})` : (value as string);
  };
  fc.assert(
    fc.property(tree, (value) => {
      const back = parseValues(encodeLatin1(write(value)));
      assert.ok(back.ok);
      assert.deepEqual(back.value.map(plain), [plain(value as Value)]);
    }),
    { numRuns: 300, seed: 9 },
  );
});
