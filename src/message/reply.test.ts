import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { formatAddress } from "./addr-spec.ts";
import type { AddressEntry } from "./address-format.ts";
import { compose } from "./compose.ts";
import { parseMessage } from "./parse.ts";
import { partsOf, type ParsedMessage } from "./part.ts";
import { forward, forwardSubject, reply, replySubject, type ReplyOptions } from "./reply.ts";
import { RFC_EXAMPLES } from "./testing/rfc-examples.ts";
import { octets, text } from "./testing/message-octets.ts";

const ME = { displayName: "Mary Smith", address: { localPart: "mary", domain: "example.net" } };
const options = (to: ReplyOptions["to"], more: Partial<ReplyOptions> = {}): ReplyOptions => ({
  from: ME,
  to,
  dateMs: 0,
  messageId: "<r@example.net>",
  ...more,
});

const LISTED = parseMessage(octets`
From: Ada <ada@example.org>
To: List <list@lists.example>, Mary <MARY@example.net>, bert@example.com
Cc: "C, D" <cleo@example.com>, ada@example.org
Subject: Plans
Date: Tue, 3 Mar 2026 09:00:00 +0100
Message-ID: <2@example.org>
References: <0@example.org> <1@example.org>
List-Post: <mailto:list@lists.example?subject=x> (moderated)

First line
> older

-- 
Ada
`);

const show = (entries: readonly AddressEntry[] | undefined): string[] =>
  (entries ?? []).flatMap((entry) => ("group" in entry ? [] : [formatAddress(entry.address)]));

suite("replies", () => {
  test("RFC 5322 A.2: the reply's fields", () => {
    const data = RFC_EXAMPLES.get("RFC 5322 A.1.1");
    assert.ok(data);
    const draft = reply(parseMessage(data), options("sender"));
    assert.deepEqual(show(draft.to), ["jdoe@machine.example"]);
    assert.equal(draft.subject, "Re: Saying Hello");
    assert.deepEqual(draft.inReplyTo, ["<1234@local.machine.example>"]);
    assert.deepEqual(draft.references, ["<1234@local.machine.example>"]);
  });

  test("RFC 5322 A.2: the reply to a reply goes to Reply-To, and refers to both", () => {
    const data = RFC_EXAMPLES.get("RFC 5322 A.2 first reply");
    assert.ok(data);
    const draft = reply(
      parseMessage(data),
      options("sender", { from: { address: { localPart: "jdoe", domain: "machine.example" } } }),
    );
    assert.deepEqual(show(draft.to), ["smith@home.example"]);
    assert.equal(draft.subject, "Re: Saying Hello");
    assert.deepEqual(draft.references, ["<1234@local.machine.example>", "<3456@example.net>"]);
  });

  test("to all: nobody twice, not oneself", () => {
    const draft = reply(LISTED, options("all"));
    assert.deepEqual(show(draft.to), ["ada@example.org"]);
    assert.deepEqual(show(draft.cc), [
      "list@lists.example",
      "bert@example.com",
      "cleo@example.com",
    ]);
    const withAlias = reply(
      LISTED,
      options("all", { own: [{ localPart: "bert", domain: "example.com" }] }),
    );
    assert.deepEqual(show(withAlias.cc), ["list@lists.example", "cleo@example.com"]);
  });

  test("to the list", () => {
    assert.deepEqual(show(reply(LISTED, options("list")).to), ["list@lists.example"]);
  });

  test("to one's own message: to whom it went", () => {
    const mine = { ...ME, address: { localPart: "ada", domain: "example.org" } };
    assert.deepEqual(show(reply(LISTED, options("sender", { from: mine })).to), [
      "list@lists.example",
      "MARY@example.net",
      "bert@example.com",
    ]);
  });

  test("quotes the text below an attribution, without the signature", () => {
    assert.equal(
      reply(LISTED, options("sender")).text,
      "On Tue, 3 Mar 2026 09:00:00 +0100, Ada wrote:\n> First line\n>> older\n>\n",
    );
  });

  test("Re: once, whatever was there", () => {
    for (const subject of [
      "Plans",
      "Re: Plans",
      "RE: Re: Plans",
      "AW: Plans",
      "Re[2]: Plans",
      "re : Plans",
      "SV: Re: AW: Plans",
      "回复：Plans",
    ]) {
      assert.equal(replySubject(subject), "Re: Plans", subject);
    }
    assert.equal(replySubject(""), "Re:");
    assert.equal(replySubject("Rex: y"), "Re: Rex: y");
    assert.equal(forwardSubject("Fwd: FW: Plans"), "Fwd: Plans");
    assert.equal(forwardSubject("Re: Plans"), "Fwd: Re: Plans");
  });

  test("long threads: the first reference and the last are kept", () => {
    const ids = Array.from({ length: 100 }, (_, i) => `<${i}@x>`);
    const { references } = reply(
      parseMessage(octets`References: ${ids.join(" ")}\r\nMessage-ID: <last@x>\r\n\r\n`),
      options("sender"),
    );
    assert.equal(references?.length, 30);
    assert.equal(references[0], "<0@x>");
    assert.equal(references.at(-1), "<last@x>");
  });

  test("a message of nothing", () => {
    const draft = reply(parseMessage(octets``), options("all"));
    assert.deepEqual([draft.to, draft.cc, draft.subject, draft.references], [[], [], "Re:", []]);
  });
});

const leaves = (parsed: ParsedMessage): string[] =>
  [...partsOf(parsed.root)].map(({ type, subtype }) => `${type}/${subtype}`);

suite("forwards", () => {
  const original = compose({
    from: [ME],
    to: [ME],
    subject: "Grüße",
    dateMs: 0,
    messageId: "<f@example.net>",
    text: "The text",
    html: "<p>The text",
    attachments: [
      { fileName: "a.bin", octets: Uint8Array.of(1, 2) },
      {
        mediaType: "message/rfc822",
        octets: octets`Subject: within\r\nContent-Type: text/plain\r\n\r\nx`,
      },
    ],
  });
  const to = [{ address: { localPart: "bert", domain: "example.com" } }];

  test("attached: the message as it is", () => {
    const draft = forward(parseMessage(original), { from: ME, to, how: "attached", dateMs: 0 });
    assert.equal(draft.subject, "Fwd: Grüße");
    assert.deepEqual(draft.references, ["<f@example.net>"]);
    const [attachment] = draft.attachments ?? [];
    assert.equal(attachment.fileName, "Grüße.eml");
    assert.equal(text(attachment.octets), text(original));
    const sent = parseMessage(compose(draft));
    assert.deepEqual(leaves(sent).slice(0, 3), ["multipart/mixed", "text/plain", "message/rfc822"]);
    assert.deepEqual(sent.defects, []);
  });

  test("a message with endless names for everything can be answered and forwarded", () => {
    const endless = "x".repeat(5000);
    const odd = parseMessage(octets`
From: "${endless}" <ada@example.org>
Subject: ${endless}
Message-ID: <${endless}@example.org>
References: <${endless}> <a@b>
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: ${endless}/${endless}; name=${endless}
Content-Disposition: attachment; filename="${endless}"

x
--b
Content-Type: image/png; name="${endless}"

x
--b--
`);
    const inline = forward(odd, { from: ME, to, how: "inline", dateMs: 0 });
    assert.deepEqual(parseMessage(compose(inline)).defects, []);
    const attached = parseMessage(
      compose(forward(odd, { from: ME, to, how: "attached", dateMs: 0 })),
    );
    assert.deepEqual(
      attached.defects.map(({ kind }) => kind),
      odd.defects.map(({ kind }) => kind),
    );
    const answer = parseMessage(compose(reply(odd, options("all"))));
    assert.deepEqual(answer.defects, []);
  });

  test("inline: head and text in the text, attachments attached", () => {
    const draft = forward(parseMessage(original), { from: ME, to, how: "inline", dateMs: 0 });
    assert.match(
      draft.text ?? "",
      /Forwarded message -+\nFrom: Mary Smith <mary@example.net>\nDate: .*\nSubject: Grüße\nTo: .*\n\nThe text/,
    );
    assert.deepEqual(
      draft.attachments?.map(({ mediaType, fileName }) => [mediaType, fileName]),
      [
        ["application/octet-stream", "a.bin"],
        ["message/rfc822", undefined],
      ],
    );
    assert.deepEqual(leaves(parseMessage(compose(draft))), [
      "multipart/mixed",
      "text/plain",
      "application/octet-stream",
      "message/rfc822",
      "text/plain",
    ]);
  });
});
