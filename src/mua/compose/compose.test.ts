import { test } from "node:test";
import assert from "node:assert/strict";
import { decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";
import { formatAddress } from "../../message/addr-spec.ts";
import { readMessage, type ReadableMessage } from "../view/readable.ts";
import { makeForward } from "./forward.ts";
import { emptyLetter, toMessage, type FinishedMessage, type Letter } from "./letter.ts";
import { makeReply, type ReplyOptions } from "./reply.ts";

const STAMP = {
  dateMs: Date.UTC(2026, 0, 2, 10, 0, 0),
  zoneMinutes: 60,
  messageId: "<new@x.example>",
};

function received(...lines: string[]): ReadableMessage {
  return readMessage(encodeUtf8(lines.join("\r\n")));
}

function finished(letter: Letter): FinishedMessage {
  const result = toMessage(letter, STAMP);
  assert.ok(result.ok, result.ok ? "" : result.problem);
  return result.value;
}

const ME = { displayName: "Me", address: { localPart: "me", domain: "own.example" } };
const OPTIONS: ReplyOptions = {
  from: ME,
  to: "sender",
  own: [{ localPart: "alias", domain: "own.example" }],
  quote: true,
};

const QUESTION = received(
  "From: =?utf-8?q?J=C3=B6rg?= <joerg@a.example>",
  'To: Me <ME@own.example>, "Doe, Jane" <jane@b.example>, joerg@a.example',
  "Cc: alias@own.example, team: x@c.example, y@c.example;",
  "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
  "Date: Fri, 02 Jan 2026 09:00:00 +0100",
  "Message-ID: <q@a.example>",
  "References: <root@a.example>",
  "",
  "How are",
  "> older",
  "",
  "you?",
  "-- ",
  "Joerg",
);

test("a reply goes to the writer, hangs in the conversation and quotes without the signature", () => {
  const letter = makeReply(QUESTION, OPTIONS);
  assert.equal(letter.to, "Jörg <joerg@a.example>");
  assert.equal(letter.cc, "");
  assert.equal(letter.subject, "Re: Grüße");
  assert.deepEqual(letter.inReplyTo, ["<q@a.example>"]);
  assert.deepEqual(letter.references, ["<root@a.example>", "<q@a.example>"]);
  assert.equal(
    letter.text,
    "On Fri, 2 Jan 2026 09:00:00 +0100, Jörg wrote:\n> How are\n>> older\n>\n> you?\n",
  );
  const text = decodeUtf8(finished(letter).octets);
  assert.match(
    text,
    /^In-Reply-To: <q@a\.example>\r\nReferences: <root@a\.example> <q@a\.example>\r$/m,
  );
  assert.match(text, /^Subject: Re: =\?utf-8\?/im);
});

test("a reply to all leaves out oneself and names nobody twice", () => {
  const letter = makeReply(QUESTION, { ...OPTIONS, to: "all" });
  assert.equal(letter.to, "Jörg <joerg@a.example>");
  assert.equal(letter.cc, '"Doe, Jane" <jane@b.example>, x@c.example, y@c.example');
  assert.deepEqual(finished(letter).recipients.map(formatAddress), [
    "joerg@a.example",
    "jane@b.example",
    "x@c.example",
    "y@c.example",
  ]);
});

test("Reply-To wins over From; answering oneself goes to whom one wrote", () => {
  const list = received(
    "From: a@a.example",
    "Reply-To: list@l.example, b@b.example",
    "To: me@own.example",
    "",
    "x",
  );
  assert.equal(makeReply(list, OPTIONS).to, "list@l.example, b@b.example");
  const mine = received(
    "From: me@own.example",
    "To: a@a.example",
    "Cc: b@b.example",
    "Subject: re: x",
    "",
    "x",
  );
  const letter = makeReply(mine, { ...OPTIONS, to: "all" });
  assert.deepEqual([letter.to, letter.cc, letter.subject], ["a@a.example", "b@b.example", "Re: x"]);
});

test("In-Reply-To stands in for References; without a Message-ID there is no thread to hang in", () => {
  const message = received("From: a@a.example", "Message-ID: <b@x>", "In-Reply-To: <a@x>", "", "x");
  assert.deepEqual(makeReply(message, OPTIONS).references, ["<a@x>", "<b@x>"]);
  assert.deepEqual(makeReply(received("From: a@a.example", "", "x"), OPTIONS).inReplyTo, []);
});

test("forwarding inline carries text, fields and attachments", () => {
  const raw = received(
    "From: a@a.example",
    "Subject: Photo",
    "Content-Type: multipart/mixed; boundary=b",
    "",
    "--b",
    "",
    "look",
    "--b",
    "Content-Type: image/png; name=a.png",
    "Content-Transfer-Encoding: base64",
    "",
    "iVBORw0KGgo=",
    "--b--",
  );
  const letter = makeForward(raw, {
    from: ME,
    to: "c@c.example",
    asAttachment: false,
  });
  assert.equal(letter.subject, "Fwd: Photo");
  assert.match(letter.text, /From: a@a\.example\nSubject: Photo\n\nlook\n$/);
  const back = readMessage(finished(letter).octets);
  assert.deepEqual(
    back.attachments.map(({ fileName, mediaType }) => [fileName, mediaType]),
    [["a.png", "image/png"]],
  );
});

test("forwarding as attachment keeps the message octet for octet", () => {
  const letter = makeForward(QUESTION, {
    from: ME,
    to: "c@c.example",
    asAttachment: true,
  });
  const octets = decodeUtf8(finished(letter).octets);
  assert.ok(octets.includes(decodeUtf8(QUESTION.parsed.octets)));
  assert.equal(readMessage(finished(letter).octets).attachments[0].fileName, "Grüße.eml");
});

test("Bcc is in the copy that is kept and not in what is sent; nobody gets it twice", () => {
  const letter = {
    ...emptyLetter("me@own.example"),
    to: "a@a.example",
    bcc: "secret@b.example, a@a.example",
    subject: "x",
    text: "y\n",
  };
  const message = finished(letter);
  assert.doesNotMatch(decodeUtf8(message.octets), /secret|bcc/i);
  assert.match(decodeUtf8(message.copy), /^Bcc: secret@b\.example/m);
  assert.deepEqual(message.recipients.map(formatAddress), ["a@a.example", "secret@b.example"]);
});

test("security row 77: no line ends or controls reach the header, whatever the message answered says", () => {
  const evil = received(
    "From: =?utf-8?q?x=0D=0ABcc=3A_v=40e.example?= <a@a.example>",
    "Subject: =?utf-8?q?hi=0D=0AX-Evil=3A_1?=",
    "Message-ID: <a@x\u0001>",
    "",
    "x",
  );
  for (const letter of [
    makeReply(evil, OPTIONS),
    makeForward(evil, { from: ME, to: "c@c.example", asAttachment: false }),
  ]) {
    letter.subject += "\r\nX-Evil: 2";
    const header = decodeUtf8(finished(letter).octets).split("\r\n\r\n")[0];
    assert.doesNotMatch(header, /^(?:Bcc|X-Evil)/im);
  }
});

test("what a person types wrong is named", () => {
  const rows: [Partial<Letter>, RegExp][] = [
    [{}, /no recipient/],
    [{ to: "nobody" }, /To: "nobody" is no address/],
    [{ to: "a@a.example", from: "" }, /no From/],
    [{ to: "a@a.example", cc: "b@" }, /Cc/],
  ];
  for (const [change, problem] of rows) {
    const result = toMessage({ ...emptyLetter("me@own.example"), ...change }, STAMP);
    assert.match(result.ok ? "fine" : result.problem, problem);
  }
});
