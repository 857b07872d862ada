import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { encodeLatin1, encodeUtf8 } from "../base/bytes.ts";
import { decodeBase64Body, encodeBase64Body } from "./base64.ts";
import { decodeCharset, isKnownCharset } from "./charset.ts";
import { bodyText, decodeText, decodeTransfer } from "./decode-body.ts";
import type { Defect } from "./defect.ts";
import { decodeFlowed, encodeFlowed, flow, unflow } from "./flowed.ts";
import { parseMessage } from "./parse.ts";
import { decodeQuotedPrintable, encodeQuotedPrintable } from "./quoted-printable.ts";
import { latin1, message, text } from "./testing/message-octets.ts";
import { decodeUuencode, encodeUuencode, findUuencoded } from "./uuencode.ts";
import { costMs } from "../../test/message/linear-time.ts";

const anyOctets = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc
    .array(fc.constantFrom(13, 10, 32, 9, 61, 46, 70, 114, 111, 109, 65, 45, 200), {
      maxLength: 400,
    })
    .map((list) => Uint8Array.from(list)),
);

/** Lines of at most 76 characters, CRLF, printable ASCII: what RFC 2045 §6.7 and §6.8 allow. */
function checkEncodedLines(encoded: Uint8Array): void {
  for (const line of text(encoded).split("\r\n")) {
    assert.ok(line.length <= 76, line);
    assert.match(line, /^[\t\u0020-\u007e]*$/);
  }
}

suite("base64", () => {
  const FORMS: readonly (readonly [
    what: string,
    encoded: string,
    decoded: string,
    faultAt: number,
  ])[] = [
    ["nothing", "", "", -1],
    ["one, two and three octets", "YQ==", "a", -1],
    ["line ends and spaces", "YW\r\nJj \tZA==\r\n", "abcd", -1],
    ["characters beyond the alphabet are passed over", "YW-Jj!", "abc", 2],
    ["padding in the middle begins anew", "YQ==YmM=", "abc", 4],
    ["padding missing", "YWI", "ab", 3],
    ["one character too many", "YWJjZ", "abc", 5],
    ["padding alone", "====", "", 0],
    ["junk after the end", "YWJj\r\n--\r\n", "abc", 6],
  ];
  for (const [what, encoded, decoded, faultAt] of FORMS) {
    test(what, () => {
      const read = decodeBase64Body(latin1(encoded));
      assert.equal(text(read.octets), decoded);
      assert.equal(read.faultAt, faultAt);
    });
  }
  test("property: decode(encode(x)) = x, in lines of 76", () => {
    fc.assert(
      fc.property(anyOctets, (data) => {
        const encoded = encodeBase64Body(data);
        checkEncodedLines(encoded);
        const read = decodeBase64Body(encoded);
        assert.deepEqual([...read.octets], [...data]);
        assert.equal(read.faultAt, -1);
      }),
    );
  });
});

suite("measuring", () => {
  test("property: long stretches, at any alignment, are measured as single octets would be", () => {
    const piece = fc.constantFrom(
      "x".repeat(300),
      "\r\n",
      "\n",
      "\r",
      "y",
      "\u00fc",
      "\0",
      "--",
      "z".repeat(7),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.integer({ min: 0, max: 3 }),
        (pieces, shift) => {
          const body = pieces.join("");
          const whole = latin1(`${"#".repeat(shift)}A: b\r\n\r\n${body}`);
          const { root, defects } = parseMessage(whole.subarray(shift));
          assert.equal(root.lines, body.split("\n").length - 1);
          const at = (pattern: RegExp): number => 8 + body.search(pattern);
          const expected = [
            ...(/[\u0080-\u00ff]/.test(body) ? [{ kind: "undeclared-8bit", at: 8 }] : []),
            ...(/(?<!\r)\n/.test(body) ? [{ kind: "bare-lf", at: at(/(?<!\r)\n/) }] : []),
            ...(/\r(?!\n)/.test(body) ? [{ kind: "bare-cr", at: at(/\r(?!\n)/) }] : []),
            ...(body.includes("\0") ? [{ kind: "nul-octet", at: at(/\0/) }] : []),
          ];
          assert.deepEqual(defects, expected);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

suite("quoted-printable", () => {
  test("RFC 2045 §6.7: the example with a soft line break", () => {
    const encoded = latin1(
      "Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.",
    );
    assert.equal(
      text(decodeQuotedPrintable(encoded).octets),
      "Now's the time for all folk to come to the aid of their country.",
    );
  });
  const FORMS: readonly (readonly [
    what: string,
    encoded: string,
    decoded: string,
    faultAt: number,
  ])[] = [
    ["hex in either case", "=41=5a=5A", "AZZ", -1],
    ["white space at line ends goes (rule 3)", "a \t\r\nb  ", "a\r\nb", -1],
    ["soft break with white space after it", "a= \t\r\nb", "ab", -1],
    ["soft break at the very end", "abc=", "abc", -1],
    ["LF alone", "a=\nb\nc", "ab\nc", -1],
    ["a stray = stands for itself", "1+1=2 and =zz", "1+1=2 and =zz", 3],
    ["= and one digit at the end", "x=4", "x=4", 1],
    ["= and one digit at the end of a line", "x=4\r\n1", "x=4\r\n1", 1],
    ["security row 78: cut in the middle of an octet", "caf=C3=A", "caf\u00c3=A", 6],
  ];
  for (const [what, encoded, decoded, faultAt] of FORMS) {
    test(what, () => {
      const read = decodeQuotedPrintable(latin1(encoded));
      assert.deepEqual([...read.octets], [...latin1(decoded)]);
      assert.equal(read.faultAt, faultAt);
    });
  }
  test("From and a lone dot at the start of a line are hidden, and -- cannot be a boundary", () => {
    const encoded = text(encodeQuotedPrintable(latin1("From me\r\n.\r\n..\r\n--b\r\nFrom\r\n")));
    assert.equal(encoded, "=46rom me\r\n=2E\r\n=2E.\r\n=2D-b\r\nFrom\r\n");
  });
  test("property: decode(encode(x)) = x, in lines of 76, and nothing for SMTP or mbox to change", () => {
    fc.assert(
      fc.property(anyOctets, (data) => {
        const encoded = encodeQuotedPrintable(data);
        checkEncodedLines(encoded);
        for (const line of text(encoded).split("\r\n"))
          assert.doesNotMatch(line, /^(From |\.|--)|[ \t]$/);
        const read = decodeQuotedPrintable(encoded);
        assert.deepEqual([...read.octets], [...data]);
        assert.equal(read.faultAt, -1);
      }),
      { numRuns: 2000 },
    );
  });
  test("property: any octets decode", () => {
    fc.assert(
      fc.property(anyOctets, (data) => void decodeQuotedPrintable(data)),
      { numRuns: 2000 },
    );
  });
});

suite("transfer encodings by name", () => {
  test("faults are reported with their place; unknown names decode nothing", () => {
    const found: Defect[] = [];
    const onFault = (defect: Defect): void => void found.push(defect);
    decodeTransfer(latin1("Y!"), "base64", onFault);
    decodeTransfer(latin1("=!"), "quoted-printable", onFault);
    decodeTransfer(latin1("no such file"), "x-uuencode", onFault);
    assert.deepEqual(found, [
      { kind: "bad-base64", at: 1 },
      { kind: "bad-quoted-printable", at: 0 },
      { kind: "bad-uuencode", at: 0 },
    ]);
    for (const name of ["7bit", "8bit", "binary", "x-gzip64", "__proto__"]) {
      assert.equal(text(decodeTransfer(latin1("a=41"), name)), "a=41");
    }
  });
});

suite("uuencode", () => {
  const cat = "begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n";
  test("a file alone, and within text", () => {
    assert.equal(text(decodeUuencode(latin1(cat))), "Cat");
    const body = latin1(`Here:\r\n${cat}and\r\nbegin the day\r\n`);
    const [file, ...others] = findUuencoded(body);
    assert.deepEqual(others, []);
    assert.equal(file.fileName, "cat.txt");
    assert.equal(text(file.octets), "Cat");
    assert.equal(text(body.subarray(file.end)), "and\r\nbegin the day\r\n");
  });
  test("spaces lost from line ends, end missing", () => {
    assert.equal(findUuencoded(latin1("begin 644 x\r\n#0V%T\r\n")).length, 1);
    // The last three octets are zeros, written as spaces that are gone.
    assert.deepEqual(
      [...findUuencoded(latin1("begin 644 x\r\n&0V%T\r\nend\r\n"))[0].octets],
      [67, 97, 116, 0, 0, 0],
    );
  });
  test("property: decode(encode(x)) = x", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (data) => {
        assert.deepEqual([...decodeUuencode(encodeUuencode(data, "a b.bin"))], [...data]);
      }),
    );
  });
  test("many beginnings without files cost little", () => {
    const spentMs = costMs(() => {
      findUuencoded(latin1("begin 644 x\r\n!!!\r\n".repeat(50_000)));
      findUuencoded(latin1("begin 644 x\r\n".repeat(50_000)));
    });
    assert.ok(spentMs < 1000, `${spentMs} ms`);
  });
});

suite("format=flowed (RFC 3676)", () => {
  test("paragraphs, quotes, space-stuffing, signature", () => {
    const body =
      "`Take some more tea,' the March Hare \r\nsaid to Alice.\r\n> quoted \r\n> text\r\n>> deeper\r\n From here\r\n-- \r\nMe\r\n";
    assert.deepEqual(decodeFlowed(body, { deleteSpace: false }), [
      { quoteDepth: 0, text: "`Take some more tea,' the March Hare said to Alice." },
      { quoteDepth: 1, text: "quoted text" },
      { quoteDepth: 2, text: "deeper" },
      { quoteDepth: 0, text: "From here" },
      { quoteDepth: 0, text: "-- " },
      { quoteDepth: 0, text: "Me" },
    ]);
  });
  test("§4.5: a flowed line does not flow into another quote depth", () => {
    assert.equal(unflow("> a \r\n>> b\r\n", { deleteSpace: false }), "> a \n>> b");
  });
  test("§4.1 DelSp: the space before a soft break goes", () => {
    assert.equal(unflow("日本 \r\n語\r\n", { deleteSpace: true }), "日本語");
  });
  test("a body says so by its parameters", () => {
    const data = message(
      "Content-Type: text/plain; format=flowed; delsp=yes; charset=utf-8",
      "",
      "日本 ",
      "語",
    );
    assert.equal(bodyText(data, parseMessage(data).root), "日本語");
  });
  test("lines are wrapped at 76 and never begin with From", () => {
    const body = flow(`${"word ".repeat(40)}\nFrom the start\n> ${"quoted ".repeat(20)}\n`);
    for (const line of body.split("\r\n")) {
      assert.ok(line.length <= 77, line);
      assert.doesNotMatch(line, /^From /);
    }
  });
  test("property: paragraphs come back, but for white space at their ends", () => {
    const paragraph = fc.record({
      quoteDepth: fc.integer({ min: 0, max: 4 }),
      text: fc
        .string({
          unit: fc.constantFrom("a", "word", " ", ">", "From ", "-", "é", "日", "-- "),
          maxLength: 60,
        })
        .map((one) => one.trimEnd()),
    });
    fc.assert(
      fc.property(fc.array(paragraph, { maxLength: 8 }), (paragraphs) => {
        const plain = paragraphs.map(({ quoteDepth, text: one }) => ({ quoteDepth, text: one }));
        assert.deepEqual(decodeFlowed(encodeFlowed(plain), { deleteSpace: false }), plain);
      }),
      { numRuns: 2000 },
    );
  });
});

suite("charsets", () => {
  const TABLE: readonly (readonly [label: string, octets: readonly number[], shown: string])[] = [
    ["utf-8", [0xc3, 0xbc], "ü"],
    ["UTF8", [0xc3, 0xbc], "ü"],
    ['"utf-8"', [0xc3, 0xbc], "ü"],
    ["iso-8859-1", [0xfc, 0x80], "ü€"],
    ["iso-8859-15", [0xa4], "€"],
    ["iso-8859-16", [0xa4], "€"],
    ["windows-1251", [0xcf, 0xf0], "Пр"],
    ["cp1251", [0xcf], "П"],
    ["koi8-u", [0xa4], "є"],
    ["gb2312", [0xc4, 0xe3], "你"],
    ["gb18030", [0x81, 0x30, 0x81, 0x30], "\u0080"],
    ["big5", [0xa7, 0x41], "你"],
    ["euc-kr", [0xb0, 0xa1], "가"],
    ["ks_c_5601-1987", [0xb0, 0xa1], "가"],
    ["shift_jis", [0x82, 0xb1], "こ"],
    ["cp932", [0x82, 0xb1], "こ"],
    ["iso-2022-jp", [0x1b, 0x24, 0x42, 0x24, 0x33, 0x1b, 0x28, 0x42], "こ"],
    ["utf-16le", [0xfc, 0x00], "ü"],
    ["utf-7", [0x2b, 0x41, 0x50, 0x77, 0x2d], "ü"],
    ["unicode-1-1-utf-7", [0x2b, 0x41, 0x50, 0x77, 0x2d], "ü"],
    ["cp437", [0x81], "ü"],
    ["cp850", [0x81], "ü"],
    ["macintosh", [0x9f], "ü"],
    ["x-mac-roman", [0x9f], "ü"],
    ["us-ascii", [0xc3, 0xbc], "ü"],
    ["us-ascii", [0xfc], "ü"],
    ["x-unknown", [0xfc], "ü"],
    ["no such charset", [0xc3, 0xbc], "ü"],
    ["base64", [0x61], "a"],
    ["hex", [0x61], "a"],
    ["__proto__", [0xfc], "ü"],
    ["constructor", [0xfc], "ü"],
  ];
  for (const [label, data, shown] of TABLE) {
    test(`${label}: ${shown}`, () =>
      assert.equal(decodeCharset(Uint8Array.from(data), label), shown));
  }
  test("known and not", () => {
    assert.ok(isKnownCharset("ISO-8859-7"));
    for (const label of [
      "",
      "base64",
      "hex",
      "nonsense",
      "x".repeat(200),
      "replacement",
      "__proto__",
    ])
      assert.ok(!isKnownCharset(label), label);
  });
  test("a byte-order mark is no text", () => {
    assert.equal(decodeText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), "utf-8"), "a");
    assert.equal(decodeText(Uint8Array.of(0xff, 0xfe, 0x61, 0), "utf-16"), "a");
  });
  test("security row 69: any octets in any charset become text", () => {
    const label = fc.constantFrom(
      "utf-8",
      "utf-7",
      "utf-16",
      "utf-32",
      "gb18030",
      "iso-2022-jp",
      "iso-2022-kr",
      "big5-hkscs",
      "shift_jis",
      "cp437",
      "hz-gb-2312",
      "euc-tw",
      "viscii",
      "utf-7-imap",
      "cesu8",
    );
    fc.assert(
      fc.property(
        label,
        fc.uint8Array({ maxLength: 60 }),
        (name, data) => void decodeCharset(data, name),
      ),
      { numRuns: 2000 },
    );
  });
  test("property: UTF-8 comes back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (any) =>
        assert.equal(decodeCharset(encodeUtf8(any), "utf-8"), any.toWellFormed()),
      ),
    );
    assert.equal(decodeCharset(encodeLatin1("a"), undefined), "a");
  });
});
