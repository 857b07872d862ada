import { test } from "node:test";
import assert from "node:assert/strict";
import { decodeLatin1, encodeLatin1, encodeUtf8 } from "../../base/bytes.ts";
import { formatAddress } from "../../message/addr-spec.ts";
import { prepareRawMessage, untilDot, type RawMessage } from "./raw-message.ts";

const STAMP = {
  from: { displayName: "Root", address: { localPart: "root", domain: "h.example" } },
  dateMs: 0,
  zoneMinutes: 0,
  messageId: "<1@h.example>",
};
const complete = (word: string) =>
  /^[a-z]+$/.test(word) ? { localPart: word, domain: "h.example" } : undefined;

function prepared(text: string): RawMessage {
  const result = prepareRawMessage(encodeUtf8(text), STAMP, complete);
  assert.ok(result.ok, result.ok ? "" : result.problem);
  return result.value;
}

test("missing fields are added, the rest stays, line ends become CRLF", () => {
  const { octets, author } = prepared("Subject: x\n y\n\nbody\rmore\n.dot\nno end");
  assert.equal(
    decodeLatin1(octets),
    "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nFrom: Root <root@h.example>\r\nMessage-ID: <1@h.example>\r\nSubject: x\r\n y\r\n\r\nbody\r\nmore\r\n.dot\r\nno end\r\n",
  );
  assert.equal(author?.localPart, "root");
});

test("what is complete is not touched", () => {
  const text = "From: a@b.example\r\nDate: x\r\nMessage-ID: <q@b>\r\n\r\nbody\r\n";
  assert.equal(decodeLatin1(prepared(text).octets), text);
  assert.equal(decodeLatin1(prepared("From root Thu Jan  1 00:00:00 1970\n" + text).octets), text);
  assert.equal(
    decodeLatin1(prepared("From: a@b.example\nDate: x\nMessage-ID: <q@b>\n").octets),
    text.slice(0, -6),
  );
});

test("recipients from the header; Bcc goes out of what is sent", () => {
  const message = prepared(
    "To: A <a@x.example>, root\nCc: g: b@x.example, A@x.example;\nBcc: c@x.example\n d@x.example\n\nx\n".replace(
      "\n d@",
      ",\n d@",
    ),
  );
  assert.deepEqual(message.headerRecipients.map(formatAddress), [
    "A@x.example",
    "root@h.example",
    "b@x.example",
    "c@x.example",
    "d@x.example",
  ]);
  assert.doesNotMatch(decodeLatin1(message.octets), /bcc|c@x|d@x/i);
  assert.match(decodeLatin1(message.copy), /^Bcc: c@x\.example,\r\n d@x\.example\r$/m);
});

test("of a resent message the Resent- fields count", () => {
  const { headerRecipients } = prepared("Resent-To: new@x.example\nTo: old@x.example\n\nx\n");
  assert.deepEqual(headerRecipients.map(formatAddress), ["new@x.example"]);
});

test("a recipient that is none is named", () => {
  const result = prepareRawMessage(
    encodeLatin1("To: a b\u001b[2J c\n\nx\n"),
    STAMP,
    () => undefined,
  );
  assert.ok(!result.ok);
  assert.doesNotMatch(result.problem, /\u001b/);
});

test("a dot alone ends the input where it is asked to", () => {
  const rows: [string, string][] = [
    ["a\n.\nb\n", "a\n"],
    ["a\n..\n.x\nb", "a\n..\n.x\nb"],
    [".\nb", ""],
    ["a\r\n.\r\nb", "a\r\n"],
    ["a\n.", "a\n"],
  ];
  for (const [input, output] of rows)
    assert.equal(decodeLatin1(untilDot(encodeLatin1(input))), output);
});
