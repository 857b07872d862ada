/** Base subjects, thread and sort keys, previews, HTML as text, file names, and the trace and list fields. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import fc from "fast-check";
import { encodeUtf8 } from "../base/bytes.ts";
import { parseAuthenticationResults } from "./authentication-results.ts";
import { baseSubject } from "./base-subject.ts";
import { displayDomain, isConfusable, skeleton } from "./display-domain.ts";
import { displayLines, displayText } from "./display-text.ts";
import { fileName, safeFileName } from "./file-name.ts";
import { htmlToText } from "./html-text.ts";
import { parseListId, parseListUris } from "./list-field.ts";
import { messageIdKey, parseMessageIds } from "./message-id.ts";
import { parseMessage } from "./parse.ts";
import { MAX_PREVIEW_CHARACTERS, preview } from "./preview.ts";
import { punycodeLabel } from "./punycode.ts";
import { parseReceived } from "./received.ts";
import { message } from "./testing/message-octets.ts";
import { textBody } from "./text-body.ts";
import { sortKey, threadKey } from "./thread-key.ts";
import { costMs } from "../../test/message/linear-time.ts";

suite("base subject (RFC 5256 §2.1)", () => {
  const TABLE: readonly (readonly [subject: string, base: string, isReply: boolean])[] = [
    ["Plans", "Plans", false],
    ["Re: Plans", "Plans", true],
    ["RE : Re: Plans", "Plans", true],
    ["Fwd: Plans", "Plans", true],
    ["fw: Plans", "Plans", true],
    ["Re[4]: Plans", "Plans", true],
    ["Re [x] : Plans", "Plans", true],
    ["[list] Re: Plans", "Plans", true],
    ["Re: [list] Plans", "Plans", true],
    ["[list] [other] Plans", "Plans", false],
    ["[list]", "[list]", false],
    ["Re: [list]", "[list]", true],
    ["Plans (fwd)", "Plans", true],
    ["Plans (FWD)  (fwd) ", "Plans", true],
    ["[fwd: Plans]", "Plans", true],
    ["[Fwd: Re: Plans (fwd)]", "Plans", true],
    ["a  b\tc", "a b c", false],
    ["=?utf-8?Q?Re=3A_Gr=C3=BC=C3=9Fe?=", "Grüße", true],
    ["", "", false],
    ["Re:", "", true],
    ["Regarding Plans", "Regarding Plans", false],
  ];
  for (const [subject, base, isReplyOrForward] of TABLE) {
    test(JSON.stringify(subject), () =>
      assert.deepEqual(baseSubject(subject), { base, isReplyOrForward }),
    );
  }
  test("security row 75: any subject costs little", () => {
    const spentMs = costMs(() => {
      for (const piece of ["[", "[a]", "re:", "re [", "(fwd)", " ", "[fwd:", "re[a]"])
        baseSubject(piece.repeat(100_000));
    });
    assert.ok(spentMs < 500, `${spentMs} ms`);
  });
});

suite("thread and sort keys", () => {
  const key = (...lines: string[]): ReturnType<typeof threadKey> => {
    const data = message(...lines, "");
    return threadKey(data, parseMessage(data).root.header);
  };
  test("RFC 5256 §2.2: references, or else the first of In-Reply-To", () => {
    assert.deepEqual(key("References: <a@x> <b@x>", "In-Reply-To: <c@x>").references, [
      "<a@x>",
      "<b@x>",
    ]);
    assert.deepEqual(key("In-Reply-To: your message of yesterday <c@x> <d@x>").references, [
      "<c@x>",
    ]);
    assert.deepEqual(key("References: none").references, []);
  });
  test("RFC 5256 §2.2: identifiers that are the same compare the same", () => {
    assert.equal(
      messageIdKey('<"01KF8JCEOCBS0045PS"@xxx.yyy.com>'),
      "<01KF8JCEOCBS0045PS@xxx.yyy.com>",
    );
    assert.equal(messageIdKey('<"a b"@x>'), '<"a b"@x>');
    assert.equal(key('Message-ID: <"abc"@x>').messageId, "<abc@x>");
  });
  test("the sent date is undefined where the field names no moment", () => {
    assert.equal(
      key("Date: Fri, 21 Nov 1997 09:55:06 -0600").sentMs,
      Date.parse("1997-11-21T15:55:06Z"),
    );
    assert.equal(key("Date: tomorrow").sentMs, undefined);
  });
  test("RFC 5256 §3 and RFC 5957: what is sorted by", () => {
    const data = message(
      "From: =?utf-8?Q?J=C3=B6rg?= <joerg@x>, a@b",
      "To: Friends: c@d;",
      "Cc: e@f",
      "Subject: Re: [x] Plans",
      "",
    );
    assert.deepEqual(sortKey(data, parseMessage(data).root.header), {
      from: "joerg",
      to: "Friends",
      cc: "e",
      displayFrom: "Jörg",
      displayTo: "Friends",
      subject: "Plans",
    });
    const bare = message("From: a@b", "");
    assert.equal(sortKey(bare, parseMessage(bare).root.header).displayFrom, "a@b");
    const none = message("");
    assert.deepEqual(sortKey(none, parseMessage(none).root.header), {
      from: "",
      to: "",
      cc: "",
      displayFrom: "",
      displayTo: "",
      subject: "",
    });
  });
  test("identifiers: comments, quotes, folding, junk between", () => {
    assert.deepEqual(parseMessageIds("<a@x>(comment <no@x>) <b@\t x> , <c@x><d@x> <e <f@x>"), [
      "<a@x>",
      "<b@x>",
      "<c@x>",
      "<d@x>",
      "<f@x>",
    ]);
    assert.deepEqual(parseMessageIds("none"), []);
  });
  test("security row 31: identifiers are bounded; the limit and one past it", () => {
    assert.equal(parseMessageIds("<a@x>".repeat(1000)).length, 1000);
    assert.equal(parseMessageIds("<a@x>".repeat(1001)).length, 1000);
  });
});

suite("HTML as text", () => {
  const TABLE: readonly (readonly [what: string, html: string, text: string])[] = [
    ["paragraphs and breaks", "<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"],
    ["white space", "  a \n  b\t<b>c</b> d", "a b c d"],
    ["no space where there is none", "<b>a</b><i>b</i>", "ab"],
    [
      "style, script, title and comments",
      "<title>t</title><style>p{}</style><script>if (a<b) x()</script><!-- <p>no --><p>yes",
      "yes",
    ],
    [
      "entities",
      "&lt;&amp;&gt; &eacute;&#233;&#xE9; &nosuch; &#0; &nbsp;x",
      "<&> ééé &nosuch; \ufffd \u00a0x",
    ],
    ["lists", "<ul><li>a<li>b</ul>", "* a\n* b"],
    ["quotes", "<blockquote>a<br>b</blockquote>c", "> a\n> b\n\nc"],
    ["cells", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"],
    ["preformatted", "<pre>a\n  b</pre>", "a\n  b"],
    ["> in an attribute", '<a title="a > b">x</a>', "x"],
    ["no tag", "1 < 2 and 3 > 2", "1 < 2 and 3 > 2"],
    ["never closed", "a<b", "a"],
    ["a head that is never closed", "<head><meta x><body>text", "text"],
    ["nothing", "", ""],
  ];
  for (const [what, html, text] of TABLE) {
    test(what, () => assert.equal(htmlToText(html), text));
  }
  test("property: any text becomes text, and entities and tags are gone with it", () => {
    const piece = fc.constantFrom(
      "<",
      ">",
      "p",
      "/",
      "!--",
      "-->",
      '"',
      "=",
      "&",
      "amp;",
      "#",
      "x",
      "style",
      "br",
      " ",
      "\n",
      "é",
      "blockquote",
      "pre",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => void htmlToText(pieces.join(""))),
      { numRuns: 3000 },
    );
  });
});

suite("previews (RFC 8970)", () => {
  const of = (...lines: string[]): string => preview(parseMessage(message(...lines)));
  test("the first words, on one line, at most 200 characters", () => {
    assert.equal(of("", "one", "", "two"), "one two");
    assert.equal(of("", "word ".repeat(100)).length, MAX_PREVIEW_CHARACTERS - 1);
    const wide = of(
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: 8bit",
      "",
      "😀".repeat(300),
    );
    assert.equal([...wide].length, MAX_PREVIEW_CHARACTERS);
    assert.ok(wide.isWellFormed());
    assert.equal(of("", "a".repeat(MAX_PREVIEW_CHARACTERS)).length, MAX_PREVIEW_CHARACTERS);
    assert.equal(of("", "a".repeat(MAX_PREVIEW_CHARACTERS + 1)).length, MAX_PREVIEW_CHARACTERS);
  });
  test("without quotations, attributions and signature, unless there is nothing else", () => {
    assert.equal(of("", "On Monday Ada wrote:", "> old", "new", "-- ", "Bert"), "new");
    assert.equal(of("", "> only", "> quoted"), "> only > quoted");
  });
  test("of HTML, of the plain alternative, of encoded text", () => {
    assert.equal(of("Content-Type: text/html", "", "<style>x{}</style><p>Hello</p>"), "Hello");
    assert.equal(
      of(
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        "R3LDvMOfZQ==",
      ),
      "Grüße",
    );
    assert.equal(
      of(
        "Content-Type: multipart/alternative; boundary=b",
        "",
        "--b",
        "Content-Type: text/html",
        "",
        "<p>rich",
        "--b",
        "",
        "plain",
        "--b--",
      ),
      "plain",
    );
  });
  test("security row 71: what has no text has an empty preview", () => {
    assert.equal(of("Content-Type: image/png", "", "AAAA"), "");
    assert.equal(
      of(
        "Content-Type: multipart/mixed; boundary=b",
        "",
        "--b",
        "Content-Disposition: attachment",
        "",
        "x",
        "--b--",
      ),
      "",
    );
    assert.equal(of(""), "");
  });
  test("security row 71: HTML of any depth and size costs a preview the same", () => {
    const cost = (html: string): number => {
      const data = message("Content-Type: text/html", "", html);
      const parsed = parseMessage(data);
      return costMs(() => void preview(parsed));
    };
    for (const piece of [
      "<div>",
      "<",
      "<!--",
      "<a title='",
      "&amp",
      "&",
      "<style>",
      "<pre>\n",
      "</",
      "<blockquote>",
      "x <b>",
    ]) {
      assert.ok(cost(piece.repeat(100_000)) < 150, piece);
    }
  });
  test("security row 71: the message that overflowed mailparser's call stack", (t) => {
    const file = join(
      import.meta.dirname,
      "../../../shared/corpus/mailparser/htmllargecallstack.eml",
    );
    if (!existsSync(file)) return t.skip("shared corpus not here");
    const octets = readFileSync(file);
    const spentMs = costMs(() => {
      // All of it is one title, which is no text.
      assert.equal(textBody(parseMessage(octets)), "");
    });
    assert.ok(spentMs < 1000, `${spentMs} ms`);
  });
  test("property: never a control, never too long, always whole characters", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 150 }),
        fc.constantFrom("plain", "html"),
        (body, subtype) => {
          const head = encodeUtf8(`Content-Type: text/${subtype}; charset=utf-8\r\n\r\n`);
          const shown = preview(parseMessage(Buffer.concat([head, encodeUtf8(body)])));
          assert.ok([...shown].length <= MAX_PREVIEW_CHARACTERS && shown.isWellFormed());
          assert.doesNotMatch(shown, /[\u0000-\u001f\u202a-\u202e\u2066-\u2069]/);
        },
      ),
      { numRuns: 300 },
    );
  });
});

suite("text for people", () => {
  test("security row 79: marks that reorder text, and controls, do not get through", () => {
    assert.equal(displayText("evil\u202Etxt.exe\u0007\r\n\u2066x"), "eviltxt.exe x");
    assert.equal(displayLines("a\r\nb\rc\u202E\td\u001b[0m"), "a\nb\nc\td[0m");
    assert.equal(displayText("שלום grün"), "שלום grün");
  });
  test("security row 79: file names keep no direction mark, path, device or trailing dot", () => {
    assert.equal(safeFileName("photo\u202Egpj.exe"), "photogpj.exe");
    assert.equal(safeFileName("../../etc/passwd"), "passwd");
    assert.equal(safeFileName("C:\\Users\\a\\report.doc"), "report.doc");
    assert.equal(safeFileName("a:b<c>.txt. . "), "a_b_c_.txt");
    assert.equal(safeFileName("..\u0000"), undefined);
    assert.equal(safeFileName("=?utf-8?Q?f=C3=A4ll=2Etxt?="), "fäll.txt");
    assert.equal(safeFileName("=?utf-8?Q?=2E=2E/x?="), "x");
    assert.equal(safeFileName("a".repeat(200))?.length, 200);
    const long = safeFileName(`${"a".repeat(201)}.pdf`);
    assert.equal(long?.length, 200);
    assert.ok(long.endsWith(".pdf"));
  });
  test("security row 79: domains that could be taken for others are shown as what they are", () => {
    const TABLE: readonly (readonly [domain: string, shown: string])[] = [
      ["example.org", "example.org"],
      ["bücher.example", "bücher.example"],
      ["пример.рф", "пример.рф"],
      ["日本語テスト.jp", "日本語テスト.jp"],
      ["한국.kr", "한국.kr"],
      ["pаypal.com", "xn--pypal-4ve.com"], // a Cyrillic а among Latin letters
      ["аррӏе.com", "xn--80ak6aa92e.com"], // Cyrillic throughout, Latin in looks
      ["exаmple\u202e.org", displayDomain("exаmple\u202e.org")],
      ["goοgle.com", "xn--gogle-sce.com"], // a Greek omicron
    ];
    for (const [domain, shown] of TABLE) assert.equal(displayDomain(domain), shown, domain);
    assert.doesNotMatch(displayDomain("a\u202eb.org"), /\u202e/);
  });
  test("security row 79: names that look the same have the same skeleton", () => {
    assert.equal(skeleton("раураl.com"), skeleton("paypal.com"));
    assert.equal(skeleton("аррӏе"), "apple");
    assert.notEqual(skeleton("apple"), skeleton("apply"));
    assert.equal(isConfusable("ascii"), false);
  });
  test("RFC 3492 §7.1: labels in ASCII", () => {
    assert.equal(punycodeLabel("ليهمابتكلموشعربي؟"), "xn--egbpdaj6bu4bxfgehfvwxn");
    assert.equal(punycodeLabel("他们为什么不说中文"), "xn--ihqwcrb4cv8a8dqg056pqjye");
    assert.equal(punycodeLabel("Pročprostěnemluvíčesky"), "xn--proprostnemluvesky-uyb24dma41a");
    assert.equal(
      punycodeLabel("почемужеонинеговорятпорусски"),
      "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l",
    );
    assert.equal(punycodeLabel("plain"), "plain");
    assert.equal(punycodeLabel("ü".repeat(100)).startsWith("xn--"), true);
    assert.equal(punycodeLabel("ü".repeat(101)), "xn--…");
  });
  test("the disposition's name, or the type's", () => {
    const name = (...lines: string[]): string | undefined =>
      fileName(parseMessage(message(...lines, "")).root);
    assert.equal(
      name("Content-Type: a/b; name=x.txt", "Content-Disposition: attachment; filename=y.txt"),
      "y.txt",
    );
    assert.equal(name("Content-Type: a/b; name=x.txt"), "x.txt");
    assert.equal(name("Content-Type: a/b"), undefined);
  });
});

suite("trace and list fields", () => {
  test("Received as servers write it", () => {
    const one = parseReceived(
      "from mail.a.test (mail.a.test [192.0.2.1] (may be forged)) (using TLSv1.3) by mx.b.test (Postfix) with ESMTPS id ABC for <x@b.test>; Tue, 3 Mar 2026 09:00:00 +0100 (CET)",
    );
    assert.deepEqual(
      { ...one, date: one.date?.epochMs },
      {
        from: "mail.a.test",
        fromSeen: "mail.a.test [192.0.2.1] (may be forged)",
        by: "mx.b.test",
        via: undefined,
        with: "ESMTPS",
        id: "ABC",
        for: "x@b.test",
        date: Date.parse("2026-03-03T08:00:00Z"),
      },
    );
    for (const text of ["", ";", "from", "from from from", "(((", "by ;;;", '"', "from a by (b; c"])
      assert.ok(parseReceived(text));
    assert.equal(
      parseReceived("by x (a; b); 3 Mar 2026 09:00 +0000").date?.epochMs,
      Date.parse("2026-03-03T09:00:00Z"),
    );
  });
  test("RFC 8601 appendix B.3: Authentication-Results", () => {
    const read = parseAuthenticationResults(
      "example.com;\tauth=pass (cram-md5) smtp.auth=sender@example.net; spf=pass smtp.mailfrom=example.net",
    );
    assert.equal(read.authservId, "example.com");
    assert.deepEqual(read.results, [
      {
        method: "auth",
        result: "pass",
        reason: undefined,
        properties: [{ ptype: "smtp", property: "auth", value: "sender@example.net" }],
      },
      {
        method: "spf",
        result: "pass",
        reason: undefined,
        properties: [{ ptype: "smtp", property: "mailfrom", value: "example.net" }],
      },
    ]);
  });
  test("RFC 8601 appendix B.2 and B.6: none, reasons, versions", () => {
    assert.deepEqual(parseAuthenticationResults("example.org 1; none"), {
      authservId: "example.org",
      results: [],
    });
    const [dkim] = parseAuthenticationResults(
      'x; dkim/1 = fail reason="bad; signature" header.i = @mail-router.example.net',
    ).results;
    assert.deepEqual(dkim, {
      method: "dkim",
      result: "fail",
      reason: "bad; signature",
      properties: [{ ptype: "header", property: "i", value: "@mail-router.example.net" }],
    });
    assert.equal(parseAuthenticationResults(`x${"; a=b".repeat(500)}`).results.length, 100);
  });
  test("RFC 2369 §4 and RFC 2919 §3", () => {
    assert.deepEqual(
      parseListUris("<ftp://ftp.host.com/list.txt> (FTP), <mailto:list@host.com?subject=help>"),
      ["ftp://ftp.host.com/list.txt", "mailto:list@host.com?subject=help"],
    );
    assert.deepEqual(parseListUris("NO (posting not allowed on this list)"), []);
    assert.deepEqual(parseListUris("<mailto:a@b>, <\thttp://c >, <no uri>"), [
      "mailto:a@b",
      "http://c",
    ]);
    assert.deepEqual(parseListId("List Header Mailing List <list-header.nisto.com>"), {
      description: "List Header Mailing List",
      id: "list-header.nisto.com",
    });
    assert.deepEqual(
      parseListId(
        '"Lena\'s <Personal> Joke List" <LENASJOKES.da39efc25c530ad145d41b86f7420c3b.021999.localhost>',
      ),
      {
        description: "Lena's <Personal> Joke List",
        id: "lenasjokes.da39efc25c530ad145d41b86f7420c3b.021999.localhost",
      },
    );
    assert.equal(parseListId(""), undefined);
    assert.equal(parseListId("<>"), undefined);
  });
});
