import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { numberedFileName, diskFileName } from "./file-name.ts";
import { htmlToText } from "./html-text.ts";
import { showDomain } from "./show-domain.ts";
import { cutColumns, fitColumns, screenLines, screenText } from "./screen-text.ts";
import { columnsOf } from "./text-columns.ts";
import { wrapText } from "./wrap.ts";

test("security row 76, 79: nothing shown can steer the terminal or turn the writing", () => {
  const hostile =
    "a\u001b]0;title\u0007b\u009b31mc\rd\u202egnp.exe\u2066x\u200f\u00ady\u{e0041}z\ud800";
  const shown = screenText(hostile);
  assert.equal(shown, "a]0;titleb31mc dgnp.exexyz\ufffd");
  assert.equal(screenLines("a\r\nb\u001b[2J\tc\u2028d"), "a\nb[2J\tc\nd");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.doesNotMatch(
        screenText(text),
        /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
      );
      assert.doesNotMatch(
        screenLines(text),
        /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
      );
    }),
    { numRuns: 100, seed: 2 },
  );
});

test("columns: wide, combining and joined characters", () => {
  assert.equal(columnsOf("日本"), 4);
  assert.equal(columnsOf("e\u0301"), 1);
  assert.equal(fitColumns("日本語", 5), "日本 ");
  assert.equal(fitColumns("ab", 5), "ab   ");
  assert.equal(cutColumns("abcdef", 3), "abc");
  assert.equal(cutColumns("é".repeat(5), 0), "");
  assert.equal(columnsOf(fitColumns("👩‍👩‍👧‍👦 family 日本語", 10)), 10);
});

test("wrapping keeps quotes, bullets and URLs", () => {
  assert.equal(wrapText("> one two three four five six", 20), "> one two three four\n> five six");
  assert.equal(wrapText("* one two three four five six", 20), "* one two three four\n  five six");
  const url = `https://example.org/${"x".repeat(40)}`;
  assert.equal(wrapText(`see ${url} now`, 20), `see\n${url}\nnow`);
  assert.equal(wrapText("日".repeat(15), 20), `${"日".repeat(10)}\n${"日".repeat(5)}`);
  assert.equal(wrapText("short\nlines", 20), "short\nlines");
});

const HTML: [string, string, string][] = [
  [
    "paragraphs and breaks",
    "<p>Hello,<br>you</p>\n<p>two &amp; three</p>",
    "Hello,\nyou\n\ntwo & three\n",
  ],
  ["white space folds", "<div>  a \n <b>b</b>c <i> d</i></div><div>e</div>", "a bc d\ne\n"],
  ["lists", "<ul><li>one<li>two</ul>after", "* one\n* two\nafter\n"],
  ["cells and rows", "<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>", "a b\nc\n"],
  [
    "links show where they lead",
    '<a href="https://evil.example/x?a=1&amp;b=2">https://bank.example</a>',
    "https://bank.example <https://evil.example/x?a=1&b=2>\n",
  ],
  [
    "links that say so themselves",
    '<a href="https://a.example/">a.example</a> <a href="mailto:x@y.z">x@y.z</a> <a href="javascript:alert(1)">run</a>',
    "a.example x@y.z run\n",
  ],
  ["quotes", "a<blockquote>b<blockquote>c</blockquote></blockquote>d", "a\n\n> b\n>\n> > c\n\nd\n"],
  ["pre", "<pre>a  b\n  c</pre>", "a  b\n  c\n"],
  [
    "skipped elements",
    "<head><title>t</title></head><style>p{}</style><script>if (a<b) '<p>'</script>x<svg><text>y</text></svg>",
    "x\n",
  ],
  [
    "what is hidden",
    '<div style="display:none">pre<div>header</div></div><p hidden>x</p>seen<span style="color:red;display : NONE">y</span>',
    "seen\n",
  ],
  ["images by their text", '<img src="http://t.example/p.gif"><img alt="Logo" src=x>', "[Logo]\n"],
  [
    "entities",
    "&eacute;&#233;&#xE9;&#128;&hellip;&nbsp;&bogus;&#0;&#xD800;&lt;b&gt;",
    "ééé€… &bogus;\ufffd\ufffd<b>\n",
  ],
  ["comments and declarations", "<!DOCTYPE html>a<!-- <p>no</p> -->b<!-->c", "ab\n"],
  [
    "quoted > in attributes",
    "<a title='a > b' href=\"http://x.example/\">t</a>",
    "t <http://x.example/>\n",
  ],
  ["stray <", "1 < 2 and a<b", "1 < 2 and a\n"],
  ["nothing", "", ""],
  ["rule", "a<hr>b", `a\n${"-".repeat(40)}\nb\n`],
];

for (const [name, html, text] of HTML) {
  test(`HTML: ${name}`, () => assert.equal(htmlToText(html), text));
}

test("security row 71: HTML of any shape costs linear time and bounded text", () => {
  const bombs = [
    "<div>",
    "<a href=x>",
    "</a><a href=http://e>",
    "<b '",
    '<b "',
    "<!--",
    "&amp",
    "<blockquote>x",
    "<p hidden>",
    '<x a="',
    " <i> ",
    "<td>x",
    "<pre>\n",
    "=",
  ];
  for (const bomb of bombs) {
    const text = htmlToText(bomb.repeat(Math.ceil(500_000 / bomb.length)));
    assert.ok(text.length < 3_000_000, bomb);
  }
});

test("security row 71: fuzz of HTML", () => {
  const pieces = [
    "<",
    ">",
    "<p>",
    "</p>",
    "<a href='",
    '"',
    "'",
    "<!--",
    "-->",
    "<style>",
    "</style>",
    "<pre>",
    "&#",
    "&amp;",
    " ",
    "x",
    "\n",
    "<blockquote>",
    "</blockquote>",
    "<li",
    "\u001b",
    "=",
    "/",
    "<div style=display:none>",
  ];
  const random = new SeededRandom(7);
  for (let round = 0; round < 20_000; round++) {
    const length = 1 + Math.floor(random.float() * 25);
    const html = Array.from(
      { length },
      () => pieces[Math.floor(random.float() * pieces.length)],
    ).join("");
    assert.equal(typeof htmlToText(html), "string");
  }
});

test("security row 79: names of attachments are one honest, visible, plain component", () => {
  const rows: [string | undefined, string][] = [
    ["report.pdf", "report.pdf"],
    ["../../etc/passwd", "passwd"],
    ["C:\\Users\\x\\a.exe", "a.exe"],
    [".bashrc", "bashrc"],
    ["..", "part"],
    ["", "part"],
    [undefined, "part"],
    ["invoice\u202efdp.exe", "invoicefdp.exe"],
    ["a\u0000b\u001b[2J.txt", "ab[2J.txt"],
    ["con.txt", "_con.txt"],
    ["a:b|c?.txt", "a_b_c_.txt"],
    ["~/x", "x"],
    ["-rf", "rf"],
    ["a .", "a"],
  ];
  for (const [wish, name] of rows) assert.equal(diskFileName(wish, "part"), name);
  const long = diskFileName(`${"ü".repeat(1_000_000)}.tar`, "part");
  assert.ok(Buffer.byteLength(long) <= 200 && long.endsWith("ü.tar"));
  assert.equal(numberedFileName("a.tar.gz", 2), "a.tar (2).gz");
  assert.equal(numberedFileName("a", 1), "a");
});

test("security row 79: domains that could be mistaken for others show in ASCII", () => {
  const rows: [string, string][] = [
    ["example.org", "example.org"],
    ["xn--bcher-kva.example", "bücher.example"],
    ["bücher.example", "bücher.example"],
    ["пример.example", "пример.example"],
    ["xn--80ak6aa92e.com", "xn--80ak6aa92e.com"], // аррӏе, all Cyrillic
    ["pаypal.com", "xn--pypal-4ve.com"], // one Cyrillic letter
    ["сосна.example", "сосна.example"],
    ["росс.рф", "росс.рф"],
    ["日本語.jp", "日本語.jp"],
    ["bank\u202e.example", "xn--bank-1w3b.example"],
    ["", ""],
  ];
  for (const [domain, shown] of rows) {
    const result = showDomain(domain);
    if (domain.includes("\u202e")) assert.doesNotMatch(result, /\u202e/);
    else assert.equal(result, shown);
  }
});
