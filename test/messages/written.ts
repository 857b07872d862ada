/**
 * Messages written for the tests: what real mail looks like, and what broken mail looks like.
 * Each is given as SMTP carries it: CRLF line ends, no bare CR or LF, ends with CRLF.
 */

export type WrittenMessage = { readonly name: string; readonly octets: Buffer };

const bytes = (...octets: number[]): string => String.fromCharCode(...octets);
const lines = (...text: string[]): string => `${text.join("\r\n")}\r\n`;
const utf8 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

let serial = 0;
/** The usual header section, with `extra` fields after it. */
function head(...extra: string[]): string[] {
  serial++;
  return [
    `From: Ada Example <ada@example.org>`,
    `To: Bert Example <bert@example.net>`,
    `Subject: written message ${serial}`,
    `Date: Tue, 3 Mar 2026 09:${String(serial % 60).padStart(2, "0")}:00 +0100`,
    `Message-ID: <written-${serial}@example.org>`,
    ...extra,
  ];
}

const mime = (type: string, encoding?: string): string[] => [
  "MIME-Version: 1.0",
  `Content-Type: ${type}`,
  ...(encoding === undefined ? [] : [`Content-Transfer-Encoding: ${encoding}`]),
];

function pseudoRandomBase64(octets: number): string {
  let state = 12345;
  const data = Buffer.alloc(octets);
  for (let i = 0; i < octets; i++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    data[i] = state >> 16;
  }
  return data.toString("base64").replace(/(.{76})/g, "$1\r\n");
}

function multipart(
  kind: string,
  boundary: string,
  parts: readonly string[][],
  tail: string[] = [],
): string[] {
  return [
    ...head(...mime(`multipart/${kind}; boundary="${boundary}"`)),
    "",
    ...parts.flatMap((part) => [`--${boundary}`, ...part]),
    `--${boundary}--`,
    ...tail,
  ];
}

const textPart = (text: string): string[] => [
  "Content-Type: text/plain; charset=us-ascii",
  "",
  text,
];

function nested(depth: number): string[] {
  let inner: string[] = textPart("the innermost text");
  for (let level = depth; level > 0; level--) {
    inner = [
      `Content-Type: multipart/mixed; boundary="level-${level}"`,
      "",
      `--level-${level}`,
      ...inner,
      `--level-${level}--`,
    ];
  }
  return [...head("MIME-Version: 1.0"), ...inner];
}

const PLAIN: Record<string, string[]> = {
  "one line": [...head(), "", "Hello Bert."],
  "no text at all": [...head(), ""],
  "header section only, no blank line": head(),
  "several blank lines at the end": [...head(), "", "text", "", "", ""],
  "only blank lines": [...head(), "", "", "", ""],
  "a line with one dot": [...head(), "", "before", ".", "after"],
  "dots at the start of many lines": [...head(), "", ".", "..", "...", ".text", "..text", ". "],
  "ends with a dot line": [...head(), "", "text", "."],
  "lines that begin with From": [
    ...head(),
    "",
    "From here on",
    ">From there",
    "From ada@example.org Tue Mar  3 09:00:00 2026",
  ],
  "trailing spaces and tabs": [...head(), "", "text  ", "\t", "  ", "more\t "],
  "a signature": [...head(), "", "text", "-- ", "Ada"],
  "a line of 998 octets": [...head(), "", "x".repeat(998)],
  "a line of 2000 octets": [...head(), "", "y".repeat(2000)],
  "a line of 60000 octets": [...head(), "", "z".repeat(60_000)],
  "a thousand lines": [
    ...head(),
    "",
    ...Array.from({ length: 1000 }, (_, n) => `line ${n} of a long letter`),
  ],
  "SMTP words in the text": [
    ...head(),
    "",
    "MAIL FROM:<eve@example.org>",
    "RCPT TO:<bert@example.net>",
    "DATA",
    "QUIT",
  ],
  "IMAP words in the text": [...head(), "", "* 1 EXPUNGE", "a1 OK done", "{100}", ")"],
  "format=flowed": [
    ...head(...mime("text/plain; charset=us-ascii; format=flowed")),
    "",
    "this paragraph flows ",
    "over three ",
    "lines",
    "",
    "> quoted and ",
    "> flowed",
  ],
  "quoted text": [
    ...head("In-Reply-To: <a@example.org>", "References: <a@example.org> <b@example.org>"),
    "",
    "> what you said",
    ">> what I said",
    "yes",
  ],
  "form feed and tab": [...head(), "", "page one\fpage two\tend"],
};

const EIGHT_BIT: Record<string, string[]> = {
  "UTF-8 text": [
    ...head(...mime("text/plain; charset=utf-8", "8bit")),
    "",
    utf8("Grüße aus Köln — fünf Äpfel €5 😀"),
  ],
  "UTF-8 without a MIME header": [...head(), "", utf8("naïve café, Привет, 日本語")],
  "ISO 8859-1 text": [
    ...head(...mime("text/plain; charset=iso-8859-1", "8bit")),
    "",
    `Gr${bytes(0xfc, 0xdf)}e`,
  ],
  "windows-1252 quotes": [
    ...head(...mime("text/plain; charset=windows-1252", "8bit")),
    "",
    `${bytes(0x93)}quoted${bytes(0x94)} ${bytes(0x80)}5`,
  ],
  "KOI8-R text": [
    ...head(...mime("text/plain; charset=koi8-r", "8bit")),
    "",
    bytes(0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4),
  ],
  "Shift_JIS text": [
    ...head(...mime("text/plain; charset=shift_jis", "8bit")),
    "",
    bytes(0x93, 0xfa, 0x96, 0x7b, 0x8c, 0xea),
  ],
  "GB2312 text": [
    ...head(...mime("text/plain; charset=gb2312", "8bit")),
    "",
    bytes(0xd6, 0xd0, 0xce, 0xc4),
  ],
  "ISO-2022-JP text": [
    ...head(...mime("text/plain; charset=iso-2022-jp", "7bit")),
    "",
    "\x1b$BF|K\\8l\x1b(B",
  ],
  "every octet but NUL, CR and LF": [
    ...head(...mime("application/octet-stream", "8bit")),
    "",
    Array.from({ length: 255 }, (_, n) => n + 1)
      .filter((n) => n !== 10 && n !== 13)
      .map((n) => bytes(n))
      .join(""),
  ],
  "malformed UTF-8": [
    ...head(...mime("text/plain; charset=utf-8", "8bit")),
    "",
    `cut ${bytes(0xc3)} lone ${bytes(0xa9)} over ${bytes(0xf5, 0x80, 0x80, 0x80)}`,
  ],
  "raw UTF-8 subject": [
    ...head().map((field) =>
      field.startsWith("Subject") ? utf8("Subject: Übermäßig schön") : field,
    ),
    "",
    "text",
  ],
  "raw ISO 8859-1 subject": [
    ...head().map((field) => (field.startsWith("Subject") ? `Subject: caf${bytes(0xe9)}` : field)),
    "",
    "text",
  ],
  "raw UTF-8 display names": [
    utf8("From: Jörg Müller <joerg@example.org>"),
    utf8("To: Łukasz <lukasz@example.net>, 山田 <yamada@example.jp>"),
    "Subject: names",
    "",
    "text",
  ],
  "UTF-8 address (RFC 6532)": [
    utf8("From: <jörg@müller.example>"),
    "To: <bert@example.net>",
    "Subject: eai",
    "",
    "text",
  ],
  "C1 controls": [...head(), "", `a${bytes(0x80, 0x85, 0x9b)}b`],
  "escape sequences": [...head(), "", "\x1b[2Jcleared? \x1b]0;title\x07"],
};

const ENCODED_WORDS: Record<string, string[]> = Object.fromEntries(
  Object.entries({
    "Q encoding": "Subject: =?iso-8859-1?Q?Gr=FC=DFe?=",
    "B encoding": "Subject: =?utf-8?B?R3LDvMOfZQ==?=",
    "two adjacent words": "Subject: =?utf-8?Q?one_?= =?utf-8?Q?two?=",
    "two words over a fold": "Subject: =?utf-8?Q?one_?=\r\n =?utf-8?Q?two?=",
    "a character split between words": "Subject: =?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ==?=",
    "word and plain text": "Subject: Re: =?utf-8?Q?caf=C3=A9?= today",
    "word in quotes": 'Subject: "=?utf-8?Q?caf=C3=A9?="',
    "language tag": "Subject: =?us-ascii*en?Q?Keith_Moore?=",
    "lower case": "Subject: =?UTF-8?q?caf=c3=a9?=",
    "unknown charset": "Subject: =?x-unknown?Q?abc?=",
    "bad base64": "Subject: =?utf-8?B?R3L&&?=",
    "no end": "Subject: =?utf-8?Q?caf",
    "empty text": "Subject: =?utf-8?Q??=",
    "a line end inside": "Subject: =?utf-8?Q?a=0D=0ABcc:_eve=40example.org?=",
    "too long": `Subject: =?utf-8?Q?${"=C3=A9".repeat(60)}?=`,
    "in a display name": "Reply-To: =?iso-8859-1?Q?Andr=E9?= Pirard <pirard@example.be>",
    "in a comment": "Comments: (=?iso-8859-1?Q?a?= =?iso-8859-2?Q?_b?=)",
    "ISO-2022-JP": "Subject: =?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=",
    "space inside": "Subject: =?utf-8?Q?two words?=",
  }).map(([name, field]) => {
    const fields = field.startsWith("Subject")
      ? head().filter((line) => !line.startsWith("Subject"))
      : head();
    return [`encoded word: ${name}`, [...fields, field, "", "text"]];
  }),
);

const MIME: Record<string, string[]> = {
  "quoted-printable": [
    ...head(...mime("text/plain; charset=utf-8", "quoted-printable")),
    "",
    "caf=C3=A9 =",
    "goes on =3D end=20",
  ],
  "base64 text": [
    ...head(...mime("text/plain; charset=utf-8", "base64")),
    "",
    "R3LDvMOfZSBhdXMgS8O2bG4K",
  ],
  "text and HTML": multipart("alternative", "alt", [
    textPart("plain"),
    ["Content-Type: text/html; charset=utf-8", "", "<p>rich</p>"],
  ]),
  "HTML only": [
    ...head(...mime("text/html; charset=utf-8")),
    "",
    "<html><body><b>only</b><script>alert(1)</script></body></html>",
  ],
  "an attachment": multipart("mixed", "mix", [
    textPart("see the file"),
    [
      'Content-Type: application/pdf; name="a.pdf"',
      "Content-Transfer-Encoding: base64",
      'Content-Disposition: attachment; filename="a.pdf"',
      "",
      pseudoRandomBase64(3000),
    ],
  ]),
  "a large attachment": multipart("mixed", "mix", [
    textPart("large"),
    [
      "Content-Type: application/zip",
      "Content-Transfer-Encoding: base64",
      'Content-Disposition: attachment; filename="big.zip"',
      "",
      pseudoRandomBase64(700_000),
    ],
  ]),
  "an empty attachment": multipart("mixed", "mix", [
    textPart("nothing in it"),
    ['Content-Disposition: attachment; filename="empty"', "", ""],
  ]),
  "an attachment without a name": multipart("mixed", "mix", [
    textPart("x"),
    ["Content-Type: application/octet-stream", "Content-Disposition: attachment", "", "data"],
  ]),
  "RFC 2231 name": multipart("mixed", "mix", [
    textPart("x"),
    [
      "Content-Disposition: attachment;",
      " filename*0*=utf-8'de'%C3%9Cber;",
      " filename*1*=sicht%20;",
      ' filename*2="2026.txt"',
      "",
      "data",
    ],
  ]),
  "encoded word as name": multipart("mixed", "mix", [
    textPart("x"),
    ['Content-Type: text/plain; name="=?utf-8?Q?=C3=9Cbersicht.txt?="', "", "data"],
  ]),
  "an unfriendly name": multipart("mixed", "mix", [
    textPart("x"),
    ['Content-Disposition: attachment; filename="../../etc/passwd"', "", "data"],
  ]),
  "inline image": multipart('related; type="text/html"', "rel", [
    ["Content-Type: text/html", "", '<img src="cid:logo@example.org">'],
    [
      "Content-Type: image/png",
      "Content-ID: <logo@example.org>",
      "Content-Transfer-Encoding: base64",
      "",
      "iVBORw0KGgo=",
    ],
  ]),
  "a forwarded message": multipart("mixed", "mix", [
    textPart("look"),
    [
      "Content-Type: message/rfc822",
      "",
      "From: carl@example.com",
      "Subject: inner",
      "",
      "inner text",
    ],
  ]),
  "a forwarded message in base64": multipart("mixed", "mix", [
    [
      "Content-Type: message/rfc822",
      "Content-Transfer-Encoding: base64",
      "",
      Buffer.from(lines("From: c@example.com", "", "hidden")).toString("base64"),
    ],
  ]),
  "a digest": multipart("digest", "dig", [
    ["", "From: one@example.com", "Subject: first", "", "one"],
    ["", "From: two@example.com", "Subject: second", "", "two"],
  ]),
  "a delivery report": multipart('report; report-type="delivery-status"', "rep", [
    textPart("Sorry."),
    [
      "Content-Type: message/delivery-status",
      "",
      "Reporting-MTA: dns; mx.example.org",
      "",
      "Final-Recipient: rfc822; gone@example.net",
      "Action: failed",
      "Status: 5.1.1",
    ],
    ["Content-Type: text/rfc822-headers", "", "From: ada@example.org"],
  ]),
  "a disposition notice": multipart('report; report-type="disposition-notification"', "rep", [
    textPart("Read."),
    [
      "Content-Type: message/disposition-notification",
      "",
      "Final-Recipient: rfc822; bert@example.net",
      "Disposition: manual-action/MDN-sent-manually; displayed",
    ],
  ]),
  "a signed message": multipart(
    'signed; protocol="application/pgp-signature"; micalg=pgp-sha256',
    "sig",
    [
      textPart("signed text"),
      [
        "Content-Type: application/pgp-signature",
        "",
        "-----BEGIN PGP SIGNATURE-----",
        "",
        "abc",
        "-----END PGP SIGNATURE-----",
      ],
    ],
  ),
  "an encrypted message": multipart('encrypted; protocol="application/pgp-encrypted"', "enc", [
    ["Content-Type: application/pgp-encrypted", "", "Version: 1"],
    ["Content-Type: application/octet-stream", "", "-----BEGIN PGP MESSAGE-----"],
  ]),
  "message/partial": [
    ...head(...mime('message/partial; id="abc@example.org"; number=1; total=2')),
    "",
    "From: ada@example.org",
    "Subject: whole",
    "",
    "first half",
  ],
  "message/external-body": [
    ...head(...mime('message/external-body; access-type=url; URL="http://example.org/a"')),
    "",
    "Content-Type: text/plain",
    "Content-ID: <x@example.org>",
    "",
  ],
  "preamble and epilogue": [
    ...head(...mime("multipart/mixed; boundary=mix")),
    "",
    "This is the preamble.",
    "--mix",
    ...textPart("part"),
    "--mix--",
    "This is the epilogue.",
  ],
  "boundary with odd characters": multipart("mixed", "=_(a)+b'c,d-e./f:g=?", [textPart("odd")]),
  "white space after the boundary": [
    ...head(...mime("multipart/mixed; boundary=mix")),
    "",
    "--mix  ",
    ...textPart("padded"),
    "--mix-- ",
  ],
  "ten parts": multipart(
    "mixed",
    "mix",
    Array.from({ length: 10 }, (_, n) => textPart(`part ${n}`)),
  ),
  "five hundred parts": multipart(
    "mixed",
    "mix",
    Array.from({ length: 500 }, (_, n) => textPart(`part ${n}`)),
  ),
  "nested three deep": nested(3),
  "nested sixty deep": nested(60),
  "a calendar invitation": multipart("alternative", "alt", [
    textPart("You are invited."),
    [
      "Content-Type: text/calendar; method=REQUEST; charset=utf-8",
      "",
      "BEGIN:VCALENDAR",
      "END:VCALENDAR",
    ],
  ]),
  "content language, location, MD5": [
    ...head(
      ...mime("text/plain"),
      "Content-Language: de, en",
      "Content-Location: http://example.org/x",
      "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==",
    ),
    "",
    "text",
  ],
  "uuencode in old mail": [...head(), "", "begin 644 cat.txt", "#0V%T", "`", "end"],
};

const BROKEN: Record<string, string[]> = {
  "no header section": ["", "just text"],
  "a line without a colon in the header": [
    ...head(),
    "this is no field",
    "X-After: yes",
    "",
    "text",
  ],
  "a folded first line": [" folded before anything", ...head(), "", "text"],
  "a space before the colon": ["Subject : spaced", ...head(), "", "text"],
  "an empty field name": [": nothing", ...head(), "", "text"],
  "no From": ["To: bert@example.net", "Subject: nobody", "", "text"],
  "two From fields": [...head(), "From: eve@example.com", "", "text"],
  "two Subjects": [...head(), "Subject: the other", "", "text"],
  "a broken date": [
    ...head().map((field) => (field.startsWith("Date") ? "Date: yesterday" : field)),
    "",
    "text",
  ],
  "an obsolete date": [
    ...head().map((field) => (field.startsWith("Date") ? "Date: 3 Mar 26 9:00 EST" : field)),
    "",
    "text",
  ],
  "a date in 2038": [
    ...head().map((field) =>
      field.startsWith("Date") ? "Date: Tue, 19 Jan 2038 03:14:08 +0000" : field,
    ),
    "",
    "text",
  ],
  "an unclosed comment": ["From: ada@example.org (Ada", "To: bert@example.net", "", "text"],
  "an unclosed quote": ['From: "Ada <ada@example.org>', "To: bert@example.net", "", "text"],
  "an unclosed angle": ["From: Ada <ada@example.org", "To: bert@example.net", "", "text"],
  "a group": [
    ...head().filter((field) => !field.startsWith("To")),
    "To: undisclosed-recipients:;",
    "Cc: Friends: a@example.org, B <b@example.org>;",
    "",
    "text",
  ],
  "an obsolete route": [
    "From: <@a.example,@b.example:ada@example.org>",
    "To: bert@example.net",
    "",
    "text",
  ],
  "a thousand recipients": [
    ...head(),
    `Cc: ${Array.from({ length: 1000 }, (_, n) => `user${n}@example.net`).join(",\r\n ")}`,
    "",
    "text",
  ],
  "a header of 100 KB": [...head(), `X-Large: ${"word ".repeat(20_000)}`, "", "text"],
  "five hundred fields": [
    ...head(),
    ...Array.from({ length: 500 }, (_, n) => `X-Field-${n}: ${n}`),
    "",
    "text",
  ],
  "fields named like object keys": [
    ...head(),
    "__proto__: a",
    "constructor: b",
    "toString: c",
    "hasOwnProperty: d",
    "",
    "text",
  ],
  "no final boundary": [
    ...head(...mime("multipart/mixed; boundary=mix")),
    "",
    "--mix",
    ...textPart("unfinished"),
  ],
  "a boundary that never comes": [
    ...head(...mime("multipart/mixed; boundary=mix")),
    "",
    "nothing here",
  ],
  "no boundary parameter": [
    ...head(...mime("multipart/mixed")),
    "",
    "--mix",
    ...textPart("?"),
    "--mix--",
  ],
  "an empty multipart": multipart("mixed", "mix", []),
  "a boundary that is the start of another": [
    ...head(...mime("multipart/mixed; boundary=a")),
    "",
    "--a",
    'Content-Type: multipart/mixed; boundary="ab"',
    "",
    "--ab",
    ...textPart("inner"),
    "--ab--",
    "--a--",
  ],
  "the inner boundary equals the outer": [
    ...head(...mime("multipart/mixed; boundary=a")),
    "",
    "--a",
    'Content-Type: multipart/mixed; boundary="a"',
    "",
    "--a",
    ...textPart("which?"),
    "--a--",
    "--a--",
  ],
  "a bad content type": [...head(...mime("text")), "", "text"],
  "an unknown content type": [...head(...mime("x-odd/y;;; =; a=b; a=c")), "", "text"],
  "an unknown transfer encoding": [...head(...mime("text/plain", "x-rot13")), "", "grkg"],
  "two transfer encodings": [
    ...head(...mime("text/plain", "base64"), "Content-Transfer-Encoding: 7bit"),
    "",
    "text",
  ],
  "base64 with noise": [...head(...mime("text/plain", "base64")), "", "R3L*DvMOf", "====", "ZQ"],
  "quoted-printable cut short": [
    ...head(...mime("text/plain", "quoted-printable")),
    "",
    "caf=C3=A",
    "=",
    "=ZZ",
  ],
  "a subject with nothing": [
    ...head().map((field) => (field.startsWith("Subject") ? "Subject:" : field)),
    "",
    "text",
  ],
  "a subject of spaces over folds": [
    ...head().map((field) => (field.startsWith("Subject") ? "Subject: \r\n \r\n a" : field)),
    "",
    "text",
  ],
  "quotes and backslashes in the envelope": [
    'From: "A \\"quoted\\" \\\\ name" <ada@example.org>',
    'Subject: a "quoted" \\ subject',
    'Message-ID: <"odd\\"id"@example.org>',
    "",
    "text",
  ],
  "parentheses in odd places": [
    "From: ada@example.org (a (nested (comment)))",
    "Subject: ) ( {5}",
    "",
    "text",
  ],
  "an mbox From line on top": [
    "From ada@example.org Tue Mar  3 09:00:00 2026",
    ...head(),
    "",
    "text",
  ],
  "a Return-Path that came along": ["Return-Path: <forged@example.com>", ...head(), "", "text"],
};

export const writtenMessages: readonly WrittenMessage[] = Object.entries({
  ...PLAIN,
  ...EIGHT_BIT,
  ...ENCODED_WORDS,
  ...MIME,
  ...BROKEN,
}).map(([name, text]) => ({ name, octets: Buffer.from(lines(...text), "latin1") }));
