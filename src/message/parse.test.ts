import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { encodeLatin1 } from "../base/bytes.ts";
import { bodyStructure } from "./imap-view/body-structure.ts";
import { parseMessage, PARSE_LIMITS } from "./parse.ts";
import { type Part, partsOf } from "./part.ts";
import { message, octets, text } from "./testing/message-octets.ts";
import { costMs } from "../../test/message/linear-time.ts";

/** `type/subtype` of each part, indented; of leaves also octets. Ranges and counts are checked for all. */
function outline(data: Uint8Array): string[] {
  const lines: string[] = [];
  const visit = (part: Part, indent: string): void => {
    const isLeaf = part.message === undefined && part.children.length === 0;
    const size = isLeaf ? ` ${part.end - part.bodyStart}` : "";
    lines.push(`${indent}${part.type}/${part.subtype}${part.isOpaque ? "!" : ""}${size}`);
    if (part.message) visit(part.message, `${indent}= `);
    for (const child of part.children) visit(child, `${indent}- `);
  };
  const { root } = parseMessage(data);
  visit(root, "");
  checkRanges(root, data.length);
  for (const part of partsOf(root)) assert.equal(part.lines, countLines(body(data, part)));
  return lines;
}

function countLines(content: string): number {
  return content.split("\n").length - 1;
}

const kinds = (data: Uint8Array): string[] => parseMessage(data).defects.map(({ kind }) => kind);
const body = (data: Uint8Array, part: Part): string =>
  text(data.subarray(part.bodyStart, part.end));

/** Every part lies within the one around it, and siblings do not overlap. */
function checkRanges(root: Part, length: number): void {
  assert.ok(root.start === 0 && root.end === length, "the root is the whole message");
  for (const part of partsOf(root)) {
    assert.ok(
      part.start <= part.bodyStart && part.bodyStart <= part.end && part.epilogueStart <= part.end,
    );
    const inner = part.message === undefined ? part.children : [part.message];
    let at = part.bodyStart;
    for (const child of inner) {
      assert.ok(
        child.start >= at && child.end <= part.end,
        "children lie in order within their parent",
      );
      at = child.end;
    }
  }
}

suite("MIME trees", () => {
  test("a message without MIME is text/plain, us-ascii", () => {
    const data = message("From: a@b", "", "one", "two");
    assert.deepEqual(outline(data), ["text/plain 10"]);
    assert.deepEqual(kinds(data), []);
    assert.equal(parseMessage(data).root.encoding, "7bit");
  });

  test("lines are line ends, as Dovecot and Cyrus count them; no octet is no line", () => {
    const lines = (data: Uint8Array): number => parseMessage(data).root.lines;
    assert.equal(lines(octets`A: b\r\n\r\none\r\ntwo\r\n`), 2);
    assert.equal(lines(octets`A: b\r\n\r\none\r\ntwo`), 1);
    assert.equal(lines(octets`A: b\r\n\r\n\r\n`), 1);
    assert.equal(lines(octets`A: b`), 0);
    assert.deepEqual(outline(octets`A: b\r\n\r\none\r\ntwo`), ["text/plain 8"]);
    assert.deepEqual(outline(octets`A: b\r\n\r\n`), ["text/plain 0"]);
    assert.deepEqual(outline(octets`A: b`), ["text/plain 0"]);
    assert.deepEqual(outline(octets``), ["text/plain 0"]);
    assert.deepEqual(outline(octets`A: b\r\n\r\n\r\n`), ["text/plain 2"]);
  });

  const nested = octets`
Content-Type: multipart/mixed; boundary=outer

preamble
--outer
Content-Type: multipart/alternative; boundary="inner"

--inner

plain
--inner
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: Quoted-Printable

<p>html</p>
--inner--
inner epilogue
--outer
Content-Type: message/rfc822

Subject: within
Content-Type: multipart/mixed; boundary=third

--third
Content-Type: image/png
Content-Transfer-Encoding: base64

AAAA
--third--
--outer
Content-Disposition: attachment; filename="a b.txt"

last
--outer--
epilogue
`;

  test("multiparts in multiparts, a message within, preamble and epilogues", () => {
    assert.deepEqual(outline(nested), [
      "multipart/mixed",
      "- multipart/alternative",
      "- - text/plain 5",
      "- - text/html 11",
      "- message/rfc822",
      "- = multipart/mixed",
      "- = - image/png 4",
      "- text/plain 4",
    ]);
    const { root } = parseMessage(nested);
    checkRanges(root, nested.length);
    assert.equal(text(nested.subarray(root.epilogueStart, root.end)), "epilogue\r\n");
    const [alternative, , last] = root.children;
    assert.equal(
      text(nested.subarray(alternative.epilogueStart, alternative.end)),
      "inner epilogue",
    );
    assert.equal(alternative.children[1].encoding, "quoted-printable");
    assert.equal(last.disposition?.params.get("filename"), "a b.txt");
    assert.equal(body(nested, alternative.children[0]), "plain");
    assert.deepEqual(kinds(nested), []);
  });

  test("the octets are kept as they are: ranges put together give the message", () => {
    const { root, octets: kept } = parseMessage(nested);
    assert.deepEqual([...kept], [...nested]);
    let at = 0;
    let copy = "";
    for (const part of partsOf(root)) {
      if (part.children.length > 0 || part.message) continue;
      copy += text(nested.subarray(at, part.bodyStart)) + body(nested, part);
      at = part.end;
    }
    assert.equal(copy + text(nested.subarray(at)), text(nested));
  });

  test("RFC 2046 §5.1.1: the line end before a boundary is the boundary's; two leave one", () => {
    const data = octets`Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nno line end\r\n--b\r\n\r\na line end\r\n\r\n--b--\r\n`;
    const { children } = parseMessage(data).root;
    assert.deepEqual(
      children.map((part) => body(data, part)),
      ["no line end", "a line end\r\n"],
    );
    assert.deepEqual(
      children.map(({ lines }) => lines),
      [0, 1],
    );
  });

  test("RFC 2046 §5.1.1: white space after a boundary is padding; more characters make another line", () => {
    const data = octets`Content-Type: multipart/mixed; boundary=b\r\n\r\n--b \t\r\n\r\none\r\n--bb\r\n--b-\r\nx--b\r\n --b\r\n--b-- \r\n`;
    const { children } = parseMessage(data).root;
    assert.deepEqual(
      children.map((part) => body(data, part)),
      ["one\r\n--bb\r\n--b-\r\nx--b\r\n --b"],
    );
  });

  test("a boundary that is the beginning of another", () => {
    const data = octets`
Content-Type: multipart/mixed; boundary=ab

--ab
Content-Type: multipart/mixed; boundary=abab

--abab

inner
--abab--
--ab

outer
--ab--
`;
    assert.deepEqual(outline(data), [
      "multipart/mixed",
      "- multipart/mixed",
      "- - text/plain 5",
      "- text/plain 5",
    ]);
  });

  test("RFC 2046 §5.1.5: in a digest what has no type is a message", () => {
    const data = octets`
Content-Type: multipart/digest; boundary=d

--d

Subject: first

one
--d
Content-Type: text/plain

no message
--d--
`;
    assert.deepEqual(outline(data), [
      "multipart/digest",
      "- message/rfc822",
      "- = text/plain 3",
      "- text/plain 10",
    ]);
  });

  test("message/partial, external-body and delivery-status are leaves", () => {
    for (const subtype of ["partial", "external-body", "delivery-status", "http", "news"]) {
      const data = message(`Content-Type: message/${subtype}; id=x`, "", "Subject: x", "", "text");
      assert.deepEqual(outline(data), [`message/${subtype} 20`]);
    }
    assert.equal(
      parseMessage(message("Content-Type: message/global", "", "Subject: ü", "", "x")).root.message
        ?.subtype,
      "plain",
    );
  });
});

suite("MIME trees: broken mail", () => {
  test("no final boundary: the last part goes to the end", () => {
    const data = octets`Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n`;
    assert.deepEqual(outline(data), ["multipart/mixed", "- text/plain 5"]);
    assert.deepEqual(kinds(data), ["no-final-boundary"]);
  });

  test("an inner multipart without end ends with the outer one", () => {
    const data = octets`
Content-Type: multipart/mixed; boundary=o

--o
Content-Type: multipart/mixed; boundary=i

--i

one
--o

two
--o--
`;
    assert.deepEqual(outline(data), [
      "multipart/mixed",
      "- multipart/mixed",
      "- - text/plain 3",
      "- text/plain 3",
    ]);
    assert.deepEqual(kinds(data), ["no-final-boundary"]);
  });

  test("no boundary parameter, or one that never occurs: one text part with all of it", () => {
    const without = message("Content-Type: multipart/mixed", "", "some text");
    assert.deepEqual(outline(without), ["multipart/mixed", "- text/plain 11"]);
    assert.deepEqual(kinds(without), ["missing-boundary"]);
    const unused = message("Content-Type: multipart/mixed; boundary=b", "", "some text");
    assert.deepEqual(outline(unused), ["multipart/mixed", "- text/plain 11"]);
    assert.deepEqual(kinds(unused), ["boundary-never-used"]);
    const closed = message(
      "Content-Type: multipart/mixed; boundary=b",
      "",
      "some text",
      "--b--",
      "after",
    );
    assert.deepEqual(outline(closed), ["multipart/mixed", "- text/plain 9"]);
    const empty = message("Content-Type: multipart/mixed; boundary=b", "", "--b--");
    assert.deepEqual(outline(empty), ["multipart/mixed", "- text/plain 0"]);
  });

  test("a part's header that runs into a boundary has no body", () => {
    const data = octets`Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n--b\r\n--b--\r\n`;
    assert.deepEqual(outline(data), ["multipart/mixed", "- text/html 0", "- text/plain 0"]);
    checkRanges(parseMessage(data).root, data.length);
  });

  test("a message within that has no body ends where its header does", () => {
    const data = octets`Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n--b--\r\n`;
    checkRanges(parseMessage(data).root, data.length);
    assert.deepEqual(outline(data), ["multipart/mixed", "- message/rfc822", "- = text/plain 0"]);
  });

  test("LF alone as line end, in header, boundaries and bodies", () => {
    const data = encodeLatin1(
      "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\ntwo\n--b--\n",
    );
    assert.deepEqual(outline(data), ["multipart/mixed", "- text/plain 7"]);
    assert.deepEqual(kinds(data), ["bare-lf"]);
  });

  test("bare CR and NUL are named with their place", () => {
    const data = encodeLatin1("A: b\r\n\r\nx\ry\0z\r\n");
    assert.deepEqual(parseMessage(data).defects, [
      { kind: "bare-cr", at: 9 },
      { kind: "nul-octet", at: 11 },
    ]);
  });

  test("octets above 127 under 7bit are named once a part", () => {
    const data = message("A: b", "", "grün");
    assert.deepEqual(parseMessage(data).defects, [{ kind: "undeclared-8bit", at: 8 }]);
    assert.deepEqual(kinds(message("Content-Transfer-Encoding: 8bit", "", "grün")), []);
  });

  test("Content-Type that is none", () => {
    const type = (value: string): string => {
      const { root } = parseMessage(message(`Content-Type: ${value}`, "", "x"));
      return `${root.type}/${root.subtype}`;
    };
    assert.equal(type("text"), "text/plain");
    assert.equal(type(""), "text/plain");
    assert.equal(type("text/"), "text/plain");
    assert.equal(type("/plain"), "text/plain");
    assert.equal(type("text/plain/x"), "text/plain");
    assert.equal(type("(c) TEXT / HTML (d); a=b"), "text/html");
    assert.equal(type("multipart; boundary=b"), "multipart/mixed");
    assert.equal(type("x-a+b/y.z-1"), "x-a+b/y.z-1");
    // RFC 6838 §4.2: 127 characters, and one more.
    assert.equal(type(`a/${"b".repeat(127)}`), `a/${"b".repeat(127)}`);
    assert.equal(type(`a/${"b".repeat(128)}`), "text/plain");
  });

  test("Content-Transfer-Encoding in the forms that occur", () => {
    const encoding = (value: string): string =>
      parseMessage(message(`Content-Transfer-Encoding: ${value}`, "", "x")).root.encoding;
    assert.equal(encoding("BASE64 (comment)"), "base64");
    assert.equal(encoding("7-bit"), "7bit");
    assert.equal(encoding("8 bit"), "8bit");
    assert.equal(encoding('"quoted-printable"'), "quoted-printable");
    assert.equal(encoding("quoted_printable"), "quoted-printable");
    assert.equal(encoding("7bit;"), "7bit");
    assert.equal(encoding("x-unheard-of"), "x-unheard-of");
    assert.equal(encoding("\u00e9"), "7bit");
  });

  test("a message under base64 is not looked into; a multipart is, since its boundaries are plain", () => {
    const hidden = message(
      "Content-Type: message/rfc822",
      "Content-Transfer-Encoding: base64",
      "",
      "U3ViamVjdDogeA==",
    );
    assert.deepEqual(outline(hidden), ["message/rfc822! 18"]);
    assert.deepEqual(kinds(hidden), ["encoded-container"]);
    const open = message(
      "Content-Type: multipart/mixed; boundary=b",
      "Content-Transfer-Encoding: base64",
      "",
      "--b",
      "",
      "x",
      "--b--",
    );
    assert.deepEqual(outline(open), ["multipart/mixed", "- text/plain 1"]);
  });

  test("security row 78: of two equal MIME fields the first counts, everywhere, and it is said", () => {
    const data = message(
      "Content-Type: text/plain; charset=utf-8",
      "Content-Type: multipart/mixed; boundary=b",
      "Content-Transfer-Encoding: base64",
      "Content-Transfer-Encoding: 7bit",
      "Content-Disposition: inline",
      "Content-Disposition: attachment; filename=x.exe",
      "",
      "--b",
      "",
      "x",
      "--b--",
    );
    const { root, defects } = parseMessage(data);
    assert.deepEqual(
      [root.type, root.encoding, root.disposition?.type],
      ["text", "base64", "inline"],
    );
    assert.deepEqual(
      defects.map(({ kind }) => kind),
      ["duplicate-mime-field", "duplicate-mime-field", "duplicate-mime-field"],
    );
    assert.match(
      text(bodyStructure(parseMessage(data), true)),
      /^\("text" "plain" \("charset" "utf-8"\) NIL NIL "base64"/,
    );
    const twice = message(
      "Content-Type: multipart/mixed; boundary=a; boundary=b",
      "",
      "--b",
      "",
      "x",
      "--a",
      "",
      "y",
      "--a--",
    );
    assert.deepEqual(outline(twice), ["multipart/mixed", "- text/plain 1"]);
    assert.deepEqual(kinds(twice), ["duplicate-parameter"]);
  });
});

/** `depth` containers, one in the other, around a text. */
function nestedMessage(depth: number): Uint8Array {
  const lines: string[] = [];
  for (let level = 0; level < depth; level++) {
    lines.push(`Content-Type: multipart/mixed; boundary=b${level}`, "", `--b${level}`);
  }
  lines.push("", "innermost");
  for (let level = depth - 1; level >= 0; level--) lines.push(`--b${level}--`);
  return encodeLatin1(`${lines.join("\r\n")}\r\n`);
}

function maxDepth(data: Uint8Array): number {
  return Math.max(...[...partsOf(parseMessage(data).root)].map(({ depth }) => depth));
}

suite("MIME trees: limits", () => {
  test("security row 64: depth 100 is read, one more is opaque", () => {
    const most = nestedMessage(PARSE_LIMITS.maxDepth - 1);
    assert.equal(maxDepth(most), 100);
    assert.deepEqual(kinds(most), []);
    const over = nestedMessage(PARSE_LIMITS.maxDepth);
    assert.equal(maxDepth(over), 100);
    assert.deepEqual(kinds(over), ["too-deep"]);
    const innermost = [...partsOf(parseMessage(over).root)].at(-1);
    assert.equal(innermost?.isOpaque, true);
    assert.match(text(bodyStructure(parseMessage(over), true)), /"application" "octet-stream"/);
  });

  test("security row 64: messages within messages count the same", () => {
    const chain = (depth: number): Uint8Array =>
      message(
        ...Array.from({ length: depth }, () => ["Content-Type: message/rfc822", ""]).flat(),
        "",
        "x",
      );
    assert.deepEqual(kinds(chain(99)), []);
    assert.equal(maxDepth(chain(99)), 100);
    assert.deepEqual(kinds(chain(100)), ["too-deep"]);
    assert.equal(maxDepth(chain(100)), 100);
  });

  test("security row 64: 500 deep and 100,000 deep are read in no time, and little memory", () => {
    assert.equal(maxDepth(nestedMessage(500)), 100);
    const huge = nestedMessage(100_000);
    const before = process.memoryUsage().heapUsed;
    const view = bodyStructure(parseMessage(huge), true);
    assert.ok(process.memoryUsage().heapUsed - before < 64 * 1024 * 1024);
    assert.ok(view.length < huge.length);
    const spentMs = costMs(() => void bodyStructure(parseMessage(huge), true));
    assert.ok(spentMs < 1000, `${spentMs} ms`);
  });

  const wide = (count: number): Uint8Array =>
    message(
      "Content-Type: multipart/mixed; boundary=b",
      "",
      ...Array.from({ length: count }, () => ["--b", "", "x"]).flat(),
      "--b--",
    );

  test("security row 64: 10,000 parts are read, the rest beyond is one opaque part", () => {
    const { maxParts } = PARSE_LIMITS;
    const most = parseMessage(wide(maxParts - 1));
    assert.equal(most.root.children.length, maxParts - 1);
    assert.deepEqual(most.defects, []);
    const one = parseMessage(wide(maxParts));
    assert.deepEqual(
      one.defects.map(({ kind }) => kind),
      ["too-many-parts", "no-final-boundary"],
    );
    assert.equal(one.root.children.length, maxParts);
    const over = parseMessage(wide(maxParts + 1000));
    assert.equal(over.root.children.length, maxParts);
    const rest = over.root.children.at(-1);
    assert.ok(rest?.isOpaque && rest.end === over.octets.length);
    checkRanges(over.root, over.octets.length);
  });

  test("security row 31: fields of all parts together are bounded; the limit and one past it", () => {
    const data = message(
      "A: 1",
      "B: 2",
      "Content-Type: multipart/mixed; boundary=b",
      "",
      "--b",
      "C: 3",
      "D: 4",
      "",
      "x",
      "--b--",
    );
    const count = (maxFields: number): number => {
      const parsed = parseMessage(data, { maxFields });
      return [...partsOf(parsed.root)].reduce((sum, { header }) => sum + header.fields.length, 0);
    };
    assert.equal(count(5), 5);
    assert.equal(count(4), 4);
    assert.deepEqual(parseMessage(data, { maxFields: 5 }).defects, []);
    assert.deepEqual(
      parseMessage(data, { maxFields: 4 }).defects.map(({ kind }) => kind),
      ["too-many-fields"],
    );
  });

  test("defects are bounded: a thousand, and one that says so", () => {
    const data = message(...Array.from({ length: 1001 }, () => "no field"), "", "x");
    assert.equal(
      parseMessage(message(...Array.from({ length: 1000 }, () => "no field"), "", "x")).defects
        .length,
      1000,
    );
    const { defects } = parseMessage(data);
    assert.equal(defects.length, 1001);
    assert.equal(defects.at(-1)?.kind, "too-many-defects");
  });

  test("a header of megabytes costs what its octets cost", () => {
    const fold = " and more of the same text in one more line of it\r\n";
    const data = encodeLatin1(`Subject: x\r\n${fold.repeat(100_000)}\r\nbody`);
    const spentMs = costMs(() => assert.equal(parseMessage(data).root.header.fields.length, 1));
    assert.ok(spentMs < 500, `${spentMs} ms`);
  });
});
