import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { checkLinear } from "../../test/message/linear-time.ts";
import { mailboxesOf, parseAddressList } from "./address-list.ts";
import { decodeWords, decodeWordsExactly, encodeWords, MAX_WORD_LENGTH } from "./encoded-word.ts";

const name = (text: string): string => mailboxesOf(parseAddressList(text))[0].displayName;

suite("encoded words: RFC 2047 §8", () => {
  test("From: =?US-ASCII?Q?Keith_Moore?=", () => {
    assert.equal(name("=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>"), "Keith Moore");
  });
  test("To: =?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", () => {
    assert.equal(
      name("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>"),
      "Keld Jørn Simonsen",
    );
  });
  test("CC: =?ISO-8859-1?Q?Andr=E9?= Pirard", () => {
    assert.equal(name("=?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>"), "André Pirard");
  });
  test("Subject in two words of two charsets", () => {
    const text =
      "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=";
    assert.equal(decodeWords(text), "If you can read this you understand the example.");
  });
  test("From: =?ISO-8859-1?Q?Olle_J=E4rnefors?=", () => {
    assert.equal(
      name("=?ISO-8859-1?Q?Olle_J=E4rnefors?= <ojarnef@admin.kth.se>"),
      "Olle Järnefors",
    );
  });
  test("From: =?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?=", () => {
    assert.equal(
      name("=?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?= <paf@nada.kth.se>"),
      "Patrik Fältström",
    );
  });
  test("From: Nathaniel Borenstein, his name in Hebrew in a comment", () => {
    const text =
      "Nathaniel Borenstein <nsb@thumper.bellcore.com> (=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?=)";
    assert.equal(name(text), "Nathaniel Borenstein");
    assert.equal(decodeWords("(=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?=)"), "(םולש ןב ילטפנ)");
  });

  const COMMENTS: readonly (readonly [text: string, shown: string])[] = [
    ["(=?ISO-8859-1?Q?a?=)", "(a)"],
    ["(=?ISO-8859-1?Q?a?= b)", "(a b)"],
    ["(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"],
    ["(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"],
    ["(=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=)", "(ab)"],
    ["(=?ISO-8859-1?Q?a_b?=)", "(a b)"],
    ["(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"],
  ];
  for (const [text, shown] of COMMENTS) {
    test(`${JSON.stringify(text)} is displayed as ${shown}`, () =>
      assert.equal(decodeWords(text), shown));
  }
});

suite("encoded words: decoding", () => {
  test("RFC 2231 §5: a language within", () => {
    assert.equal(decodeWords("=?US-ASCII*EN?Q?Keith_Moore?="), "Keith Moore");
  });

  const FORMS: readonly (readonly [what: string, text: string, shown: string])[] = [
    ["a character cut between base64 words", "=?utf-8?B?w?= =?utf-8?B?7Q==?=", "�"],
    ["a character cut between words", "=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"],
    [
      "a character cut between words of iso-2022-jp",
      "=?iso-2022-jp?B?GyRCJDMbKEI=?= =?ISO-2022-JP?B?GyRCJHMbKEI=?=",
      "こん",
    ],
    ["words that touch", "=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"],
    ["a word within a word", "x=?utf-8?Q?=C3=BC?=y", "xüy"],
    ["spaces within", "=?utf-8?Q?a b c?=", "a b c"],
    ["a question mark within", "=?utf-8?Q?why??=", "why?"],
    ["lower-case digits", "=?utf-8?q?=c3=bc?=", "ü"],
    ["stray equals", "=?utf-8?Q?1+1=2?=", "1+1=2"],
    ["base64 without padding", "=?utf-8?B?w7w?=", "ü"],
    ["raw UTF-8 within", "=?utf-8?Q?ü=C3=BC?=", "üü"],
    ["charset nobody knows", "=?x-none?Q?abc?= d", "=?x-none?Q?abc?= d"],
    ["encoding nobody knows", "=?utf-8?X?abc?=", "=?utf-8?X?abc?="],
    ["never closed", "=?utf-8?Q?abc", "=?utf-8?Q?abc"],
    ["windows-1252", "=?windows-1252?Q?=93quoted=94?=", "“quoted”"],
    ["iso-8859-1 that is windows-1252", "=?iso-8859-1?Q?=93quoted=94?=", "“quoted”"],
    ["gb2312", "=?gb2312?B?xOO6ww==?=", "你好"],
    ["koi8-r", "=?koi8-r?B?8NLJ18XU?=", "Привет"],
    ["utf-7, by iconv-lite", "=?utf-7?Q?Gr+APw-n?=", "Grün"],
    ["cp437, by iconv-lite", "=?cp437?Q?Gr=81n?=", "Grün"],
    ["empty", "a =?utf-8?Q??= b", "a  b"],
    ["many, apart", "=?utf-8?Q?a?= x =?utf-8?Q?b?=", "a x b"],
  ];
  for (const [what, text, shown] of FORMS) {
    test(what, () => assert.equal(decodeWords(text), shown));
  }

  test("security row 76: what is decoded holds no line end, NUL, control or mark that reorders text", () => {
    assert.equal(decodeWords("=?utf-8?Q?a=0D=0ABcc=3A_b=00=1B[31m?="), "a Bcc: b[31m");
    assert.equal(decodeWords("=?utf-8?Q?=E2=80=AEtxt.exe?="), "txt.exe");
    assert.equal(decodeWordsExactly("=?utf-8?Q?a=0D=0A?="), "a\r\n");
  });

  test("security row 75: openings without end cost no more than their length", () => {
    const pieces = [
      "=?",
      "=?u?q?",
      "=?.?q?x",
      "=?utf-8?q?a?",
      "=?utf-8?B?=",
      "=?utf-8?q?=?=",
      "=?utf-8?q??= ",
    ];
    for (const piece of pieces) {
      checkLinear(piece, (count) => () => void decodeWords(piece.repeat(count)), 5000);
    }
  });
});

suite("encoded words: encoding", () => {
  test("plain text stays; what needs it is encoded, what does not stays readable", () => {
    assert.equal(encodeWords("Hello, world"), "Hello, world");
    assert.equal(encodeWords("Hello wörld again"), "Hello =?utf-8?Q?w=C3=B6rld?= again");
    assert.equal(encodeWords("日本語"), "=?utf-8?B?5pel5pys6Kqe?=");
  });

  test("what would be read as an encoded word is encoded", () => {
    const text = "=?utf-8?Q?a?=";
    assert.notEqual(encodeWords(text), text);
    assert.equal(decodeWords(encodeWords(text)), text);
  });

  const anyText = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 200 }),
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.string({
      unit: fc.constantFrom(" ", "a", "é", "=?", "?=", "_", "=", "😀", "\t", "日"),
      maxLength: 120,
    }),
  );

  test("property: decode(encode(x)) = x for any Unicode; each word within 75 characters", () => {
    for (const phrase of [false, true]) {
      fc.assert(
        fc.property(anyText, fc.integer({ min: 0, max: 60 }), (text, indent) => {
          const encoded = encodeWords(text, { phrase, indent });
          assert.match(encoded, /^[\u0020-\u007e]*$/);
          for (const word of encoded.split(" ")) {
            if (word.startsWith("=?")) assert.ok(word.length <= MAX_WORD_LENGTH, word);
          }
          assert.equal(decodeWordsExactly(encoded), text.toWellFormed());
        }),
        { numRuns: 1000 },
      );
    }
  });

  test("property: no character is cut between words (RFC 2047 §5)", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("é", "日", "😀", "a"), minLength: 40, maxLength: 200 }),
        (text) => {
          for (const word of encodeWords(text).split(" "))
            assert.ok(!decodeWords(word).includes("\ufffd"), word);
        },
      ),
    );
  });

  test("property: any text decodes without a throw", () => {
    const piece = fc.constantFrom(
      "=?",
      "?=",
      "?",
      "=",
      "utf-8",
      "Q",
      "B",
      "iso-8859-1",
      "_",
      " ",
      "é",
      "C3",
      "w7w=",
      "*en",
      "x",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        assert.doesNotMatch(decodeWords(pieces.join("")), /[\u0000-\u001f]/);
      }),
      { numRuns: 5000 },
    );
  });
});
