import { test } from "node:test";
import assert from "node:assert/strict";
import { encodeUtf8, decodeUtf8 } from "../../base/bytes.ts";
import { parseHeader } from "../../message/header.ts";
import { shownFields } from "./header-view.ts";
import { attachmentOctets, readMessage } from "./readable.ts";

const message = (lines: string): Uint8Array => encodeUtf8(lines.replaceAll("\n", "\r\n"));

function multipart(subtype: string, boundary: string, ...parts: string[]): string {
  const body = parts.map((part) => `--${boundary}\n${part}\n`).join("");
  return `Content-Type: multipart/${subtype}; boundary=${boundary}\n\n${body}--${boundary}--\n`;
}

const PLAIN = "Content-Type: text/plain; charset=utf-8\n\nHällo";
const HTML = "Content-Type: text/html\n\n<p>Rich <b>text</b></p>";
const PNG =
  "Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=";

test("plain text, quoted-printable and charset decoded", () => {
  const { text, attachments } = readMessage(
    message(
      "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n",
    ),
  );
  assert.equal(text, "Grüße\n");
  assert.deepEqual(attachments, []);
});

test("of alternatives the plain one, HTML where that says nothing", () => {
  assert.equal(readMessage(message(multipart("alternative", "b", PLAIN, HTML))).text, "Hällo\n");
  assert.equal(
    readMessage(message(multipart("alternative", "b", "Content-Type: text/plain\n\n \n", HTML)))
      .text,
    "Rich text\n",
  );
  assert.equal(readMessage(message(multipart("alternative", "b", HTML))).text, "Rich text\n");
  assert.equal(readMessage(message(HTML)).text, "Rich text\n");
});

test("nothing that could be saved vanishes", () => {
  const calendar = "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR";
  const related = multipart("related", "r", HTML, PNG);
  const mixed = multipart(
    "mixed",
    "m",
    multipart("alternative", "b", PLAIN, related, calendar),
    PNG,
    "Content-Type: text/plain\nContent-Disposition: attachment; filename=notes.txt\n\nnotes",
  );
  const { text, attachments } = readMessage(message(mixed));
  assert.equal(text, "Hällo\n");
  assert.deepEqual(
    attachments.map(({ number, fileName, mediaType }) => [number, fileName, mediaType]),
    [
      [1, "a.png", "image/png"],
      [2, "part-2.ics", "text/calendar"],
      [3, "a.png", "image/png"],
      [4, "notes.txt", "text/plain"],
    ],
  );
});

test("security row 79: attachments get safe names, encoded or not; octets come back exact", () => {
  const raw = message(
    multipart(
      "mixed",
      "m",
      PLAIN,
      PNG.replace("name=a.png", 'name="=?utf-8?q?=2E=2E/x=E2=80=AEgnp=2Eexe?="'),
      "Content-Type: application/x\nContent-Disposition: attachment; filename*=utf-8''%2Fetc%2Fpasswd%1B\n\nx",
    ),
  );
  const { attachments } = readMessage(raw);
  assert.deepEqual(
    attachments.map(({ fileName }) => fileName),
    ["xgnp.exe", "passwd"],
  );
  assert.deepEqual(
    [...attachmentOctets(raw, attachments[0])],
    [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  );
});

test("a message within the message is shown under its own header and can be saved", () => {
  const inner =
    "Content-Type: message/rfc822\n\nFrom: b@x.example\nSubject: =?utf-8?q?inn=C3=A9r?=\n\ninside\n";
  const { text, attachments } = readMessage(message(multipart("mixed", "m", PLAIN, inner)));
  assert.match(
    text,
    /Hällo\n\n-+ message within the message -+\nFrom: b@x\.example\nSubject: innér\n\n?inside\n/,
  );
  assert.equal(attachments[0].fileName, "part-1.eml");
  assert.match(
    decodeUtf8(attachmentOctets(message(multipart("mixed", "m", PLAIN, inner)), attachments[0])),
    /^From: b@x/,
  );
});

test("security row 76: escapes in bodies and headers do not reach the screen", () => {
  const raw = message(
    'From: =?utf-8?q?boss=40bank=2Eexample_=1B=5B2J?= <evil@x.example>\nSubject: a\u001b]0;x\u0007=?utf-8?q?b=0D=0Ac?=\nTo: "a@b.example" <c@d.example>, undisclosed:;\nX-Y: z\n\n\u001b[31mred\u009b0m\u202e\n',
  );
  const { text, parsed } = readMessage(raw);
  assert.equal(text, "[31mred0m\n");
  assert.deepEqual(shownFields(raw, parsed.root.header), [
    { name: "From", value: "boss@bank.example [2J <evil@x.example>" },
    { name: "To", value: "a@b.example <c@d.example>" },
    { name: "Subject", value: "a]0;xb c" },
  ]);
  assert.equal(shownFields(raw, parseHeader(raw), { all: true }).length, 4);
});

test("security row 64: nesting of any depth is read", () => {
  let deep = "";
  for (let level = 0; level < 5000; level++)
    deep += `Content-Type: multipart/mixed; boundary=b${level}\n\n--b${level}\n`;
  assert.ok(readMessage(message(`${deep}\nx`)).attachments.length <= 1000);
  assert.equal(readMessage(new Uint8Array(0)).text, "");
});
