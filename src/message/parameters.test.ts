import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { formatParameters } from "./parameter-format.ts";
import { MAX_CONTINUATIONS, MAX_PARAMETERS, parseParameters } from "./parameters.ts";
import { costMs } from "../../test/message/linear-time.ts";

function params(text: string): Record<string, string> {
  return Object.fromEntries(parseParameters(text).params);
}

const faults = (text: string): string[] => parseParameters(text).faults.map(({ kind }) => kind);

suite("parameters: RFC 2231", () => {
  test("§3: a URL in two pieces is one in one", () => {
    const cut =
      'message/external-body; access-type=URL; URL*0="ftp://"; URL*1="cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"';
    const whole =
      'message/external-body; access-type=URL; URL="ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"';
    assert.deepEqual(params(cut), params(whole));
  });
  test("§4: application/x-stuff with charset and language", () => {
    const text = "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A";
    assert.deepEqual(params(text), { title: "This is ***fun***" });
  });
  test("§4.1: pieces, extended and not, together", () => {
    const text =
      "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"";
    assert.deepEqual(params(text), { title: "This is even more ***fun*** isn't it!" });
  });
});

suite("parameters: RFC 2045 and what mail has", () => {
  const FORMS: readonly (readonly [
    what: string,
    text: string,
    found: Record<string, string>,
    faults: number,
  ])[] = [
    [
      "RFC 2045 §5.1: quoted or not is the same",
      'text/plain; charset="us-ascii"',
      { charset: "us-ascii" },
      0,
    ],
    [
      "RFC 2045 §5.1: a comment",
      "text/plain; charset=us-ascii (Plain text)",
      { charset: "us-ascii" },
      0,
    ],
    ["no parameter", "text/plain", {}, 0],
    ["white space around =", 'text/plain; charset = "utf-8"', { charset: "utf-8" }, 0],
    ["names in any case", "text/plain; CharSet=UTF-8", { charset: "UTF-8" }, 0],
    ["quoted pairs", 'a/b; name="a \\"b\\" \\\\c"', { name: 'a "b" \\c' }, 0],
    ["doubled semicolons", "text/plain;; charset=utf-8;", { charset: "utf-8" }, 0],
    ["unquoted spaces", "a/b; name=my file.pdf; x=y", { name: "my file.pdf", x: "y" }, 1],
    ["unquoted parentheses", "a/b; name=report(1).pdf", { name: "report(1).pdf" }, 1],
    ["quote never closed", 'a/b; name="my file.pdf', { name: "my file.pdf" }, 1],
    ["missing semicolon", 'a/b; x="1" y="2"; z=3', { x: "1", z: "3" }, 1],
    ["no equals sign", "a/b; flowed; x=1", { x: "1" }, 1],
    ["empty value", "a/b; name=; x=1", { name: "", x: "1" }, 1],
    ["the first of two counts", "a/b; x=1; x=2", { x: "1" }, 1],
    [
      "extended wins over plain",
      "a/b; filename=\"fall.txt\"; filename*=utf-8''f%C3%A4ll.txt",
      { filename: "fäll.txt" },
      0,
    ],
    ["pieces out of order", 'a/b; n*1="b"; n*0="a"', { n: "ab" }, 0],
    ["a piece is missing", 'a/b; n*0="a"; n*2="c"', { n: "a" }, 0],
    ["the first piece is missing", 'a/b; n*1="b"', {}, 1],
    ["no charset before the quotes", "a/b; n*=''%C3%A4", { n: "ä" }, 0],
    ["no quotes at all", "a/b; n*=%C3%A4", { n: "ä" }, 0],
    ["windows-1252", "a/b; n*=windows-1252''%80", { n: "€" }, 0],
    ["a character cut between pieces", "a/b; n*0*=utf-8''%C3; n*1*=%A4", { n: "ä" }, 0],
    ["bad percent", "a/b; n*=utf-8''100%; m*=utf-8''%zz", { n: "100%", m: "%zz" }, 0],
    ["raw UTF-8", 'a/b; name="fäll.txt"', { name: "fäll.txt" }, 0],
    [
      "encoded words stay",
      'a/b; name="=?utf-8?Q?f=C3=A4ll?="',
      { name: "=?utf-8?Q?f=C3=A4ll?=" },
      0,
    ],
    ["nothing", "", {}, 0],
    ["only semicolons", ";;;", {}, 0],
  ];
  for (const [what, text, found, count] of FORMS) {
    test(what, () => {
      assert.deepEqual(params(text), found);
      assert.equal(faults(text).length, count, faults(text).join());
    });
  }

  test("the value before the parameters: lower case, no comments", () => {
    assert.equal(parseParameters("Text/HTML (yes) ; a=b").value, "text/html");
  });

  test("security row 67: continuations are bounded; the limit and one past it", () => {
    const make = (count: number): string =>
      `a/b${Array.from({ length: count }, (_, i) => `; n*${i}=x`).join("")}`;
    assert.equal(params(make(MAX_CONTINUATIONS)).n.length, MAX_CONTINUATIONS);
    assert.deepEqual(faults(make(MAX_CONTINUATIONS)), []);
    assert.equal(params(make(MAX_CONTINUATIONS + 1)).n.length, MAX_CONTINUATIONS);
    assert.deepEqual(faults(make(MAX_CONTINUATIONS + 1)), ["too-many-parameters"]);
  });

  test("security rows 31, 67: parameters are bounded; the limit and one past it; a hundred thousand cost little", () => {
    const make = (count: number): string =>
      `a/b${Array.from({ length: count }, (_, i) => `; p${i}=x`).join("")}`;
    assert.equal(parseParameters(make(MAX_PARAMETERS)).params.size, MAX_PARAMETERS);
    assert.deepEqual(faults(make(MAX_PARAMETERS)), []);
    assert.equal(parseParameters(make(MAX_PARAMETERS + 1)).params.size, MAX_PARAMETERS);
    assert.deepEqual(faults(make(MAX_PARAMETERS + 1)), ["too-many-parameters"]);
    const spentMs = costMs(() => {
      assert.equal(parseParameters(make(100_000)).params.size, MAX_PARAMETERS);
      assert.equal(params(`a/b${"; n*1=x".repeat(100_000)}`).n, undefined);
    });
    assert.ok(spentMs < 1000, `${spentMs} ms`);
  });

  test("security row 30: __proto__, constructor and toString are names like others", () => {
    const read = parseParameters(
      "a/b; __proto__=1; constructor=2; toString*=utf-8''3; __proto__*0=4",
    ).params;
    assert.equal(read.get("__proto__"), "4");
    assert.equal(read.get("constructor"), "2");
    assert.equal(read.get("tostring"), "3");
    assert.equal(read.get("valueof"), undefined);
  });

  const value = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 120 }),
    fc.string({
      unit: fc.constantFrom(" ", "a", "é", '"', "\\", "%", "'", "*", "=?", ";", "😀"),
      maxLength: 120,
    }),
  );

  test("property: what is written reads back, any Unicode", () => {
    fc.assert(
      fc.property(value, value, (first, second) => {
        const line = formatParameters("a/b", [
          ["filename", first],
          ["x", second],
        ]);
        assert.match(line, /^[\u0020-\u007e]*$/);
        const read = parseParameters(line);
        const clean = (text: string): string => {
          const shown = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
          return shown === text.trim() ? text.toWellFormed() : shown.toWellFormed();
        };
        assert.deepEqual(Object.fromEntries(read.params), {
          filename: clean(first),
          x: clean(second),
        });
      }),
      { numRuns: 2000 },
    );
  });

  test("property: any text is read", () => {
    const piece = fc.constantFrom(
      ";",
      "=",
      '"',
      "\\",
      "*",
      "0",
      "1",
      "name",
      "'",
      "utf-8",
      "%C3",
      " ",
      "(",
      ")",
      "é",
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }),
        (pieces) => void parseParameters(pieces.join("")),
      ),
      { numRuns: 5000 },
    );
  });
});
