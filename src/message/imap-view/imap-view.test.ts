import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decodeLatin1, encodeLatin1 } from "../../base/bytes.ts";
import { parseMessage } from "../parse.ts";
import { type Part, partsOf } from "../part.ts";
import { checkBodyStructure, checkEnvelope, readImapValue } from "../testing/imap-grammar.ts";
import { message, octets, text } from "../testing/message-octets.ts";
import {
  bodyStructure,
  MAX_LANGUAGES,
  MAX_SHOWN_PARAMETERS,
  MAX_STRUCTURE_OCTETS,
} from "./body-structure.ts";
import { envelope, MAX_ENVELOPE_ADDRESSES } from "./envelope.ts";
import { findSection, partialRange, selectHeaderFields } from "./section.ts";
import { decodeStructure, encodeStructure, type StoredPart } from "./stored-structure.ts";

function showEnvelope(data: Uint8Array): string {
  const view = envelope(parseMessage(data));
  checkEnvelope(readImapValue(view));
  return decodeLatin1(view);
}

function showStructure(data: Uint8Array, extensible = true): string {
  const view = bodyStructure(parseMessage(data), extensible);
  checkBodyStructure(readImapValue(view), extensible);
  return decodeLatin1(view);
}

const ADA = '(("Ada" NIL "ada" "example.org"))';

suite("ENVELOPE", () => {
  test("RFC 9051 §8: the example", () => {
    const data = message(
      "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)",
      "From: Terry Gray <gray@cac.washington.edu>",
      "Subject: IMAP4rev2 WG mtg summary and minutes",
      "To: imap@cac.washington.edu",
      "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>",
      "Message-Id: <B27397-0100000@cac.washington.edu>",
      "MIME-Version: 1.0",
      "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII",
      "",
    );
    const gray = '(("Terry Gray" NIL "gray" "cac.washington.edu"))';
    assert.equal(
      showEnvelope(data),
      `("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" ${gray} ${gray} ${gray} ` +
        '((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) ' +
        'NIL NIL "<B27397-0100000@cac.washington.edu>")',
    );
  });

  test("Sender and Reply-To default to From, also when they are empty", () => {
    const expected = `(NIL NIL ${ADA} ${ADA} ${ADA} NIL NIL NIL NIL NIL)`;
    assert.equal(showEnvelope(message("From: Ada <ada@example.org>", "")), expected);
    assert.equal(
      showEnvelope(message("From: Ada <ada@example.org>", "Sender:", "Reply-To: (none)", "")),
      expected,
    );
  });

  test("nothing at all", () => {
    assert.equal(showEnvelope(message("")), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    assert.equal(showEnvelope(encodeLatin1("")), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
  });

  test("Subject: empty is empty, absent is NIL", () => {
    assert.match(showEnvelope(message("Subject:", "")), /^\(NIL "" NIL/);
  });

  test("groups open with their name and close with NIL", () => {
    assert.match(
      showEnvelope(message("To: Friends: a@b, C <c@d>;, e@f", "")),
      /\(\(NIL NIL "Friends" NIL\)\(NIL NIL "a" "b"\)\("C" NIL "c" "d"\)\(NIL NIL NIL NIL\)\(NIL NIL "e" "f"\)\)/,
    );
    assert.match(
      showEnvelope(message("To: undisclosed-recipients:;", "")),
      /\(\(NIL NIL "undisclosed-recipients" NIL\)\(NIL NIL NIL NIL\)\)/,
    );
  });

  test("encoded words stay; quotes and backslashes are escaped", () => {
    const view = showEnvelope(
      message('Subject: =?utf-8?Q?=C3=BC?= "x" \\', 'From: "A \\"b\\"" <a@b>', ""),
    );
    assert.match(
      view,
      /^\(NIL "=\?utf-8\?Q\?=C3=BC\?= \\"x\\" \\\\" \(\("A \\"b\\"" NIL "a" "b"\)\)/,
    );
  });

  test("folded lines are joined", () => {
    assert.match(
      showEnvelope(message("Subject: one", " two", "\tthree", "")),
      /"one two three"|"one two\tthree"/,
    );
  });

  test("security row 69: raw 8-bit text becomes encoded words; in addresses it goes as a literal", () => {
    const utf8 = showEnvelope(message("Subject: grün", "From: Jörg <jörg@grün.example>", ""));
    assert.match(
      utf8,
      /^\(NIL "=\?utf-8\?[QB]\?[^ ]+\?=" \(\("=\?utf-8\?[QB]\?[^ ]+\?=" NIL \{5\}\r\nj\u00c3\u00b6rg \{13\}\r\n/,
    );
    const old = showEnvelope(encodeLatin1("Subject: gr\u00fcn\r\n\r\n"));
    assert.match(old, /^\(NIL "=\?utf-8\?[QB]\?[^ ]+\?="/);
    const cut = showEnvelope(encodeLatin1("Subject: gr\u00c3\r\nMessage-ID: <\u00ff@x>\r\n\r\n"));
    assert.doesNotMatch(cut, /\0/);
  });

  test("security row 70: empty and impossible addresses never throw, and a host is never NIL", () => {
    const list = (value: string): string => showEnvelope(message(`To: ${value}`, ""));
    assert.match(list("root"), /\(\(NIL NIL "root" ""\)\)/);
    assert.match(list("<>"), /\(\(NIL NIL "" ""\)\)/);
    assert.match(list("@"), /\(\(NIL NIL "" ""\)\)/);
    for (const value of [
      "",
      " ",
      ",",
      ";",
      ":",
      "(",
      '"',
      "<",
      "<@a,@b>",
      "a@",
      "a b c",
      ":;",
      "a:;",
      "a:b:c;;",
    ])
      list(value);
  });

  test("fields that occur twice: destinations add up, of the others the first counts", () => {
    const view = showEnvelope(
      message("To: a@b", "To: c@d", "Subject: one", "Subject: two", "From: e@f", "From: g@h", ""),
    );
    assert.match(view, /\(\(NIL NIL "a" "b"\)\(NIL NIL "c" "d"\)\)/);
    assert.match(view, /^\(NIL "one" \(\(NIL NIL "e" "f"\)\) /);
  });

  test("security row 66: addresses are bounded; the limit and one past it", () => {
    const count = (n: number): number =>
      showEnvelope(message(`To: ${"a@b,".repeat(n)}`, "")).split('"a"').length - 1;
    assert.equal(count(MAX_ENVELOPE_ADDRESSES), MAX_ENVELOPE_ADDRESSES);
    assert.equal(count(MAX_ENVELOPE_ADDRESSES + 1), MAX_ENVELOPE_ADDRESSES);
  });
});

suite("BODY and BODYSTRUCTURE", () => {
  test("text without MIME", () => {
    assert.equal(
      showStructure(message("Subject: x", "", "one", "two"), false),
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 2)',
    );
    assert.equal(
      showStructure(message("Subject: x", "", "one")),
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 1 NIL NIL NIL NIL)',
    );
  });

  test("all members of a leaf", () => {
    const data = message(
      "Content-Type: application/pdf; name=a.pdf",
      "Content-ID: <c@d>",
      "Content-Description: a file",
      "Content-Transfer-Encoding: base64",
      "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==",
      'Content-Disposition: attachment; filename="a b.pdf"',
      "Content-Language: en, de-CH",
      "Content-Location: http://a/b",
      "",
      "AAAA",
    );
    assert.equal(
      showStructure(data),
      '("application" "pdf" ("name" "a.pdf") "<c@d>" "a file" "base64" 6 "Q2hlY2sgSW50ZWdyaXR5IQ==" ' +
        '("attachment" ("filename" "a b.pdf")) ("en" "de-CH") "http://a/b")',
    );
    assert.equal(
      showStructure(data, false),
      '("application" "pdf" ("name" "a.pdf") "<c@d>" "a file" "base64" 6)',
    );
  });

  test("RFC 9051 §7.5.2: a multipart of text, text and application", () => {
    const data = octets`
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=us-ascii

hello
--b
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

AAAA
--b--
`;
    assert.equal(
      showStructure(data, false),
      '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 0)("application" "octet-stream" NIL NIL NIL "base64" 4) "mixed")',
    );
    assert.match(showStructure(data), / "mixed" \("boundary" "b"\) NIL NIL NIL\)$/);
  });

  test("a message within has envelope, body and lines", () => {
    const data = message("Content-Type: message/rfc822", "", "Subject: within", "", "text");
    assert.equal(
      showStructure(data, false),
      '("message" "rfc822" NIL NIL NIL "7bit" 25 (NIL "within" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 1) 3)',
    );
  });

  test("RFC 2231 §8: parameters come joined; what is not ASCII as name*", () => {
    const data = message(
      "Content-Type: text/plain; charset*0=us-; charset*1=ascii",
      "Content-Disposition: attachment; filename*0*=iso-8859-1''f%E4; filename*1=ll.txt",
      "",
    );
    const view = showStructure(data);
    assert.match(view, /\("charset" "us-ascii"\)/);
    assert.match(view, /\("attachment" \("filename\*" "utf-8''f%C3%A4ll\.txt"\)\)/);
    assert.match(
      showStructure(message('Content-Type: text/plain; name="fäll.txt"', "")),
      /\("name\*" "utf-8''f%C3%A4ll\.txt"\)/,
    );
  });

  test("no multipart is without parts, no type without a subtype (K-9, JavaMail)", () => {
    assert.match(
      showStructure(message("Content-Type: multipart/mixed; boundary=b", "", "--b--")),
      /^\(\("text" "plain" .* 0 0 .*\) "mixed"/,
    );
    assert.match(
      showStructure(message("Content-Type: multipart/mixed", "", "text")),
      /^\(\("text" "plain" .* 6 1 .*\) "mixed"/,
    );
    assert.match(showStructure(message("Content-Type: text", "", "x")), /^\("text" "plain"/);
    assert.match(
      showStructure(
        message("Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "", "AAAA"),
      ),
      /^\("application" "octet-stream"/,
    );
    showStructure(message("Content-Type: message/rfc822", ""));
    showStructure(encodeLatin1(""));
  });

  test("strange values are strings all the same", () => {
    for (const line of [
      'Content-Type: text/plain; name="a\\"b\\\\c"',
      "Content-Disposition: ",
      "Content-Disposition: ;",
      "Content-Disposition: filename=x",
      "Content-Language: ,",
      "Content-Language: ü",
      "Content-ID: ü\0",
      "Content-Description: grün",
      "Content-Transfer-Encoding: ü",
      "Content-Type: text/plain; ü=ü; __proto__=x",
    ]) {
      showStructure(message(line, "", "x"));
    }
  });
});

suite("a BODYSTRUCTURE that a stranger makes large", () => {
  const languages = (count: number): string =>
    showStructure(
      message(`Content-Language: ${Array.from({ length: count }, () => "en").join()}`, ""),
    );

  test("languages are counted; the limit and one past it", () => {
    const count = (view: string): number => view.split('"en"').length - 1;
    assert.equal(count(languages(MAX_LANGUAGES)), MAX_LANGUAGES);
    assert.equal(count(languages(MAX_LANGUAGES + 1)), MAX_LANGUAGES);
    assert.ok(languages(2_000_000).length < 1000);
  });

  test("parameters are counted; the limit and one past it", () => {
    const params = (count: number): string =>
      Array.from({ length: count }, (_, n) => `; p${n}=x`).join("");
    for (const field of ["Content-Type: text/plain", "Content-Disposition: inline"]) {
      const count = (n: number): number =>
        showStructure(message(field + params(n), "")).split('"x"').length - 1;
      assert.equal(count(MAX_SHOWN_PARAMETERS), MAX_SHOWN_PARAMETERS);
      assert.equal(count(MAX_SHOWN_PARAMETERS + 1), MAX_SHOWN_PARAMETERS);
    }
  });

  const PART_ENDS = ["", "--b--", ""];
  /** Parts that describe themselves at length, the last with so many octets. */
  const described = (lastOctets: number): string =>
    showStructure(
      message(
        "Content-Type: multipart/mixed; boundary=b",
        "",
        ...Array.from({ length: 17 }, () => [
          "--b",
          `Content-ID: ${"i".repeat(60_000)}`,
          "",
        ]).flat(),
        "--b",
        `Content-ID: ${"l".repeat(lastOctets)}`,
        ...PART_ENDS,
      ),
    );

  test("the whole has room for so much; the limit and one past it keep every member", () => {
    // Each part says its id in quotes and the default parameters, beside five times NIL.
    const perPart = '"" ("charset" "us-ascii")'.length - 1 + 5 * 3;
    const lastOctets = MAX_STRUCTURE_OCTETS - 17 * (60_000 + perPart) - perPart;
    const full = described(lastOctets);
    assert.ok(full.includes(`"${"l".repeat(lastOctets)}"`));
    const over = described(lastOctets + 1);
    assert.ok(!over.includes("ll"));
    assert.match(over, /\("text" "plain" NIL NIL NIL "7bit" 0 0 NIL NIL NIL NIL\) "mixed" /);
  });

  test("thousands of parts of large members: about a megabyte, and all of them there", () => {
    const part = [
      "--b",
      `Content-Type: ${"t".repeat(300)}/${"s".repeat(300)}; name=${"n".repeat(2000)}`,
      `Content-Disposition: attachment; filename=${"f".repeat(2000)}`,
      `Content-Transfer-Encoding: ${"e".repeat(300)}`,
      `Content-Description: ${"d".repeat(900)}`,
      "",
    ];
    const view = showStructure(
      message(
        "Content-Type: multipart/mixed; boundary=b",
        "",
        ...Array.from({ length: 3_000 }, () => part).flat(),
        ...PART_ENDS,
      ),
    );
    assert.ok(view.length < 2 * MAX_STRUCTURE_OCTETS, `${view.length} octets`);
    // Each child, the subtype and four members of extension data.
    const value = readImapValue(encodeLatin1(view));
    assert.equal(Array.isArray(value) && value.length - 5, 3_000);
  });

  test("messages within lose their envelope, not its ten members, nor their parts", () => {
    const within = [
      "--b",
      "Content-Type: message/rfc822",
      "",
      `Subject: ${"s".repeat(50_000)}`,
      "From: a@b",
      "Content-Type: text/html",
      "",
      "x",
    ];
    const view = showStructure(
      message(
        "Content-Type: multipart/digest; boundary=b",
        "",
        ...Array.from({ length: 40 }, () => within).flat(),
        ...PART_ENDS,
      ),
    );
    assert.ok(view.length < 1.1 * MAX_STRUCTURE_OCTETS, `${view.length} octets`);
    assert.match(
      view,
      /\(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL\) \("text" "html" NIL NIL NIL "7bit"/,
    );
  });
});

const mixed = octets`
Subject: outer
Content-Type: multipart/mixed; boundary=b

--b
X-Part: 1

one
--b
Content-Type: message/rfc822

Subject: within
X-Y: z

text
--b
Content-Type: message/rfc822

Subject: multi
Content-Type: multipart/alternative; boundary=c

--c

plain
--c
Content-Type: text/html

<b>
--c--
--b--
`;

suite("sections (RFC 9051 §6.4.5)", () => {
  const structure = decodeStructure(encodeStructure(parseMessage(mixed)));
  const cut = (range: { start: number; end: number } | undefined): string | undefined =>
    range && text(mixed.subarray(range.start, range.end));

  test("BODY[], HEADER and TEXT of the message", () => {
    const whole = findSection(structure, []);
    assert.equal(cut(whole?.body), text(mixed));
    assert.equal(
      cut(whole?.header),
      "Subject: outer\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
    );
    assert.equal((cut(whole?.header) ?? "") + cut(whole?.text), text(mixed));
    assert.equal(whole?.mime, undefined);
  });

  test("BODY[1], BODY[1.MIME]", () => {
    const one = findSection(structure, [1]);
    assert.equal(cut(one?.body), "one");
    assert.equal(cut(one?.mime), "X-Part: 1\r\n\r\n");
    assert.equal(one?.header, undefined);
    assert.equal(one?.text, undefined);
  });

  test("BODY[2], BODY[2.HEADER], BODY[2.TEXT], BODY[2.1], BODY[2.1.MIME] of a message that is one text", () => {
    const two = findSection(structure, [2]);
    assert.equal(cut(two?.body), "Subject: within\r\nX-Y: z\r\n\r\ntext");
    assert.equal(cut(two?.header), "Subject: within\r\nX-Y: z\r\n\r\n");
    assert.equal(cut(two?.text), "text");
    assert.equal(cut(two?.mime), "Content-Type: message/rfc822\r\n\r\n");
    assert.equal(cut(findSection(structure, [2, 1])?.body), "text");
    assert.equal(findSection(structure, [2, 2]), undefined);
    assert.equal(findSection(structure, [2, 1, 1]), undefined);
  });

  test("BODY[3.1], BODY[3.2.MIME] of a message that is a multipart", () => {
    assert.equal(cut(findSection(structure, [3, 1])?.body), "plain");
    assert.equal(cut(findSection(structure, [3, 2])?.body), "<b>");
    assert.equal(cut(findSection(structure, [3, 2])?.mime), "Content-Type: text/html\r\n\r\n");
    assert.equal(findSection(structure, [3, 3]), undefined);
  });

  test("part numbers that are not there", () => {
    for (const path of [[0], [4], [1, 1], [-1], [1.5], [2, 1, 1, 1, 1, 1, 1, 1, 1]])
      assert.equal(findSection(structure, path), undefined, path.join());
  });

  test("a message that is no multipart is its own part 1", () => {
    const data = message("Subject: x", "", "text");
    const plain = decodeStructure(encodeStructure(parseMessage(data)));
    const one = findSection(plain, [1]);
    assert.deepEqual(one?.body, { start: 14, end: 20 });
    assert.deepEqual(one?.mime, { start: 0, end: 14 });
    assert.equal(findSection(plain, [1, 1]), undefined);
    assert.equal(findSection(plain, [2]), undefined);
    const wrapped = message("Content-Type: message/rfc822", "", "Subject: x", "", "text");
    const within = decodeStructure(encodeStructure(parseMessage(wrapped)));
    assert.deepEqual(findSection(within, [1])?.text, { start: 46, end: 52 });
    assert.deepEqual(findSection(within, [1, 1])?.body, { start: 46, end: 52 });
  });

  test("HEADER.FIELDS and HEADER.FIELDS.NOT", () => {
    const header = message("From: a@b", "Subject: one", " two", "X-Y: z", "subject : again", "");
    const select = (names: string[], not: boolean): string =>
      text(selectHeaderFields(header, names, { not }));
    assert.equal(select(["SUBJECT"], false), "Subject: one\r\n two\r\nsubject : again\r\n\r\n");
    assert.equal(select(["subject", "from"], true), "X-Y: z\r\n\r\n");
    assert.equal(select(["none"], false), "\r\n");
    assert.equal(
      text(selectHeaderFields(encodeLatin1("A: b"), ["a"], { not: false })),
      "A: b\r\n\r\n",
    );
  });

  test("partials are clipped to the section", () => {
    const range = { start: 10, end: 20 };
    assert.deepEqual(partialRange(range, 0, 5), { start: 10, end: 15 });
    assert.deepEqual(partialRange(range, 8, 5), { start: 18, end: 20 });
    assert.deepEqual(partialRange(range, 10, 5), { start: 20, end: 20 });
    assert.deepEqual(partialRange(range, 4294967295, 4294967295), { start: 20, end: 20 });
  });
});

suite("stored structure", () => {
  const flat = (part: Part): unknown[] =>
    [...partsOf(part)].map(({ start, bodyStart, end, lines, encoding }) => [
      start,
      bodyStart,
      end,
      lines,
      encoding,
    ]);
  const flatStored = (part: StoredPart): unknown[] => [
    [part.start, part.bodyStart, part.end, part.lines, part.encoding],
    ...part.children.flatMap(flatStored),
  ];

  test("comes back as it went, in a few octets a part", () => {
    const parsed = parseMessage(mixed);
    const stored = encodeStructure(parsed);
    assert.deepEqual(flatStored(decodeStructure(stored)), flat(parsed.root));
    assert.ok(stored.length < 30 * flat(parsed.root).length);
  });

  test("type, charset, encoding and disposition are there", () => {
    const data = message(
      "Content-Type: text/html; charset=koi8-r",
      "Content-Transfer-Encoding: x-odd",
      "Content-Disposition: attachment",
      "",
      "x",
    );
    const { kind, type, subtype, charset, encoding, isAttachment } = decodeStructure(
      encodeStructure(parseMessage(data)),
    );
    assert.deepEqual(
      { kind, type, subtype, charset, encoding, isAttachment },
      {
        kind: "leaf",
        type: "text",
        subtype: "html",
        charset: "koi8-r",
        encoding: "x-odd",
        isAttachment: true,
      },
    );
  });

  test("large offsets, long names", () => {
    const data = message(
      `Content-Type: ${"x".repeat(127)}/${"y".repeat(127)}`,
      "",
      "z".repeat(3_000_000),
    );
    const stored = decodeStructure(encodeStructure(parseMessage(data)));
    assert.equal(stored.end, data.length);
    assert.equal(stored.type.length, 127);
  });

  test("octets that are no structure are a broken store", () => {
    const stored = encodeStructure(parseMessage(mixed));
    assert.throws(() => decodeStructure(encodeLatin1("")), /stored structure/);
    assert.throws(() => decodeStructure(stored.subarray(0, stored.length - 1)), /stored structure/);
    assert.throws(
      () => decodeStructure(Uint8Array.of(99, ...stored.subarray(1))),
      /stored structure/,
    );
  });
});
