import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { utf8Length } from "../base/bytes.ts";
import { InvariantError } from "../base/errors.ts";
import { SeededRandom } from "../base/testing/seeded-random.ts";
import type { NamedAddress } from "./address-format.ts";
import { mailboxesOf, parseAddressList } from "./address-list.ts";
import { compose, resend, type MessageDraft } from "./compose.ts";
import { parseDate } from "./date.ts";
import { bodyOctets, bodyText } from "./decode-body.ts";
import { decodeWords } from "./encoded-word.ts";
import { composeEntity } from "./entity.ts";
import { addressField, formatField, isFieldName, textField } from "./field-format.ts";
import { fileName } from "./file-name.ts";
import { parseHeader, textOf } from "./header.ts";
import { lint } from "./lint/lint.ts";
import { makeMessageId, parseMessageIds } from "./message-id.ts";
import { parseMessage } from "./parse.ts";
import { isMultipart, partsOf, type ParsedMessage, type Part } from "./part.ts";
import { octets, text } from "./testing/message-octets.ts";

const ADA: NamedAddress = {
  displayName: "Ada Lovelace",
  address: { localPart: "ada", domain: "example.org" },
};
const BERT: NamedAddress = { address: { localPart: "bert", domain: "example.net" } };
const DATE_MS = Date.parse("2026-03-03T09:00:00Z");

const draft = (more: Partial<MessageDraft>): MessageDraft => ({
  from: [ADA],
  to: [BERT],
  subject: "x",
  dateMs: DATE_MS,
  messageId: "<1@example.org>",
  ...more,
});
const header = (parsed: ParsedMessage, key: string): string | undefined =>
  textOf(parsed.octets, parsed.root.header, key);

function leaves(parsed: ParsedMessage): Part[] {
  return [...partsOf(parsed.root)].filter((part) => !isMultipart(part));
}

/** Lines of at most 998 octets, header lines of at most 78 where they can be folded, CRLF alone. */
function checkForm(data: Uint8Array): void {
  const whole = text(data);
  assert.doesNotMatch(whole.replaceAll("\r\n", ""), /[\r\n\0]/);
  for (const line of whole.split("\r\n")) assert.ok(utf8Length(line) <= 998);
  const end = parseHeader(data).endOctets;
  for (const line of text(data.subarray(0, end)).split("\r\n")) {
    assert.ok(line.length <= 78 || !/[^ :] [^ ]/.test(line.trim().replace(/^[\w-]+: /, "")), line);
    assert.doesNotMatch(line, /^[ \t]+$/);
  }
  assert.deepEqual(
    lint(data).filter(({ severity }) => severity !== "note"),
    [],
  );
}

suite("compose", () => {
  test("a text", () => {
    assert.equal(
      text(compose(draft({ text: "Hello\nthere", zoneMinutes: 60 }))),
      "Date: Tue, 3 Mar 2026 10:00:00 +0100\r\nFrom: Ada Lovelace <ada@example.org>\r\nTo: bert@example.net\r\n" +
        "Message-ID: <1@example.org>\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nHello\r\nthere\r\n",
    );
  });

  test("all fields, in order", () => {
    const data = compose(
      draft({
        sender: BERT,
        replyTo: [ADA],
        cc: [{ group: "Friends", members: [ADA, BERT] }],
        bcc: [BERT],
        inReplyTo: ["<0@example.org>"],
        references: ["<a@example.org>", "<0@example.org>"],
        fields: [{ name: "X-Note", text: "grün" }],
        text: "",
      }),
    );
    const parsed = parseMessage(data);
    assert.deepEqual(
      parsed.root.header.fields.map(({ name }) => name),
      [
        "Date",
        "From",
        "Sender",
        "Reply-To",
        "To",
        "Cc",
        "Bcc",
        "Message-ID",
        "In-Reply-To",
        "References",
        "Subject",
        "X-Note",
        "MIME-Version",
        "Content-Type",
      ],
    );
    assert.equal(
      header(parsed, "cc"),
      "Friends: Ada Lovelace <ada@example.org>, bert@example.net;",
    );
    assert.equal(decodeWords(header(parsed, "x-note") ?? ""), "grün");
    checkForm(data);
  });

  test("text and HTML, inline pictures, attachments: the usual tree", () => {
    const png = { mediaType: "image/png", octets: Uint8Array.of(1, 2, 3) };
    const data = compose(
      draft({
        text: "Hello",
        html: '<p>Hello <img src="cid:1@x">',
        attachments: [
          { ...png, disposition: "inline", contentId: "<1@x>", fileName: "dot.png" },
          { octets: Uint8Array.of(0), fileName: "a.bin", description: "Grüße" },
          { mediaType: "message/rfc822", octets: octets`Subject: y\r\n\r\nz` },
        ],
      }),
    );
    const parsed = parseMessage(data);
    assert.deepEqual(
      [...partsOf(parsed.root)].map(({ depth, type, subtype }) => `${depth} ${type}/${subtype}`),
      [
        "1 multipart/mixed",
        "2 multipart/alternative",
        "3 text/plain",
        "3 multipart/related",
        "4 text/html",
        "4 image/png",
        "2 application/octet-stream",
        "2 message/rfc822",
        "3 text/plain",
      ],
    );
    assert.deepEqual(parsed.defects, []);
    checkForm(data);
    const [, , picture, file, message] = leaves(parsed);
    assert.deepEqual([...bodyOctets(data, picture)], [1, 2, 3]);
    assert.equal(textOf(data, picture.header, "content-id"), "<1@x>");
    assert.equal(decodeWords(textOf(data, file.header, "content-description") ?? ""), "Grüße");
    assert.equal(text(bodyOctets(data, message)), "Subject: y\r\n\r\nz");
  });

  test("the best transfer encoding for each text", () => {
    const encoding = (body: string): string =>
      parseMessage(compose(draft({ text: body }))).root.encoding;
    assert.equal(encoding("plain"), "7bit");
    assert.equal(encoding("-- \nsignature"), "7bit");
    assert.equal(encoding("one wörd in some English text"), "quoted-printable");
    assert.equal(encoding("Привет, мир"), "base64");
    assert.equal(encoding("x".repeat(998)), "7bit");
    assert.equal(encoding("x".repeat(999)), "quoted-printable");
    assert.equal(encoding("a\nFrom b"), "quoted-printable");
    assert.equal(encoding("a\n.\nb"), "quoted-printable");
    assert.equal(encoding("bell \u0007"), "quoted-printable");
  });

  test("format=flowed", () => {
    const paragraph =
      "a paragraph that is longer than one line can be, so that it must be broken somewhere";
    const data = compose(draft({ text: `${paragraph}\n\n> quoted\n`, flowed: true }));
    const parsed = parseMessage(data);
    assert.equal(parsed.root.params.get("format"), "flowed");
    assert.equal(bodyText(data, parsed.root), `${paragraph}\n\n> quoted`);
    assert.ok(
      text(data)
        .split("\r\n")
        .every((line) => line.length <= 78),
    );
  });

  test("a boundary that occurs in a part is not taken", () => {
    const inner = compose(draft({ text: "a", attachments: [{ octets: Uint8Array.of(1) }] }));
    assert.match(text(inner), /=_posthorn_0/);
    const outer = compose(
      draft({ text: "see", attachments: [{ mediaType: "message/rfc822", octets: inner }] }),
    );
    const parsed = parseMessage(outer);
    assert.deepEqual(parsed.defects, []);
    const [, attached] = leaves(parsed);
    assert.equal(text(bodyOctets(outer, attached)), text(inner));
  });

  test("a message attached keeps its octets, with 8bit said all the way up; message/global for UTF-8 headers", () => {
    const eight = octets`Subject: x\r\nContent-Transfer-Encoding: 8bit\r\n\r\ngrün\r\n`;
    const data = compose(
      draft({ text: "a", attachments: [{ mediaType: "message/rfc822", octets: eight }] }),
    );
    const parsed = parseMessage(data);
    assert.equal(parsed.root.encoding, "8bit");
    assert.deepEqual(
      [parsed.root.children[1].subtype, parsed.root.children[1].encoding],
      ["rfc822", "8bit"],
    );
    const global = composeEntity({ kind: "message", octets: octets`Subject: grün\r\n\r\nx` });
    assert.match(global.header, /^Content-Type: message\/global\r\n/);
  });

  test("signed containers: the signed part stays as it is", () => {
    const signed = octets`a: b\r\nFrom me  \r\n`;
    const entity = composeEntity({
      kind: "multipart",
      subtype: "signed",
      params: new Map([
        ["protocol", "application/pgp-signature"],
        ["micalg", "pgp-sha256"],
      ]),
      parts: [
        { kind: "encoded", mediaType: "text/plain", encoding: "7bit", octets: signed },
        {
          kind: "octets",
          mediaType: "application/pgp-signature",
          octets: octets`-----BEGIN PGP SIGNATURE-----\r\n`,
        },
      ],
    });
    const whole = text(Buffer.concat(entity.body));
    assert.ok(whole.includes(`\r\n\r\n${text(signed)}\r\n--`));
    assert.match(entity.header, /protocol="application\/pgp-signature"/);
  });

  test("resent fields go before an unchanged message (RFC 5322 §3.6.6)", () => {
    const original = compose(draft({ text: "a" }));
    const data = resend(original, {
      from: [BERT],
      to: [ADA],
      dateMs: DATE_MS,
      messageId: "<2@example.net>",
    });
    assert.ok(text(data).endsWith(text(original)));
    assert.match(
      text(data),
      /^Resent-Date: .*\r\nResent-From: bert@example.net\r\nResent-To: .*\r\nResent-Message-ID: <2@example.net>\r\nDate:/,
    );
    checkForm(data);
  });

  test("identifiers: random, valid, of the domain asked for", () => {
    const random = new SeededRandom(3);
    const ids = Array.from({ length: 100 }, () => makeMessageId(random, "example.org"));
    assert.equal(new Set(ids).size, 100);
    for (const id of ids) {
      assert.match(id, /^<[0-9a-z]{24}@example\.org>$/);
      assert.deepEqual(parseMessageIds(id), [id]);
    }
  });

  test("long lists and many references are folded", () => {
    const many = Array.from({ length: 60 }, (_, i) => ({
      displayName: `Person Number ${i}, Esq.`,
      address: { localPart: `person-${i}`, domain: "example.org" },
    }));
    const references = Array.from(
      { length: 60 },
      (_, i) => `<a-rather-long-identifier-${i}@mail.example.org>`,
    );
    const data = compose(draft({ to: many, references, text: "x" }));
    checkForm(data);
    const parsed = parseMessage(data);
    assert.equal(mailboxesOf(parseAddressList(header(parsed, "to") ?? "")).length, 60);
    assert.deepEqual(parseMessageIds(header(parsed, "references") ?? ""), references);
  });
});

suite("security row 77: no field can be made to begin another", () => {
  const EVIL = "a\r\nBcc: evil@example.org\r\n\r\nbody\nX: y\rZ: w\0\u0085\u2028";

  test("in subjects, names, groups, free fields, descriptions, file names, parameters", () => {
    const person = { displayName: EVIL, address: BERT.address };
    const data = compose(
      draft({
        from: [person],
        to: [{ group: EVIL, members: [person] }],
        subject: EVIL,
        fields: [{ name: "X-Free", text: EVIL }],
        attachments: [{ octets: Uint8Array.of(1), fileName: EVIL, description: EVIL }],
        text: EVIL,
      }),
    );
    const parsed = parseMessage(data);
    assert.deepEqual(
      parsed.root.header.fields.map(({ name }) => name),
      ["Date", "From", "To", "Message-ID", "Subject", "X-Free", "MIME-Version", "Content-Type"],
    );
    assert.equal(header(parsed, "bcc"), undefined);
    const [, attachment] = parsed.root.children;
    assert.deepEqual(
      attachment.header.fields.map(({ name }) => name),
      ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-Description"],
    );
    assert.doesNotMatch(fileName(attachment) ?? "", /[\u0000-\u001f]/);
  });

  test("what must be in its final form is refused: identifiers, values, names", () => {
    for (const bad of ["<a@b>\r\nX: y", "<a@b>\nX: y", "<a\0@b>", "<a\rb@c>"]) {
      assert.throws(() => compose(draft({ messageId: bad })), InvariantError);
      assert.throws(() => compose(draft({ references: [bad] })), InvariantError);
      assert.throws(
        () => compose(draft({ attachments: [{ octets: Uint8Array.of(1), contentId: bad }] })),
        InvariantError,
      );
      assert.equal(formatField("X-A", bad).ok, false);
    }
    for (const bad of ["", "a b", "a:", "a\r\n", "ü", "a\t", "x".repeat(78)]) {
      assert.equal(isFieldName(bad), false, bad);
      assert.equal(formatField(bad, "x").ok, false);
      assert.throws(() => compose(draft({ fields: [{ name: bad, text: "x" }] })), InvariantError);
    }
    assert.throws(
      () =>
        compose(draft({ attachments: [{ octets: Uint8Array.of(1), mediaType: "a/b\r\nX: y" }] })),
      InvariantError,
    );
  });

  test("field names: 77 characters and one more; lines: 998 octets and one more", () => {
    assert.equal(isFieldName("x".repeat(77)), true);
    assert.equal(isFieldName("x".repeat(78)), false);
    assert.equal(formatField("X", "y".repeat(995)).ok, true);
    assert.equal(formatField("X", "y".repeat(996)).ok, false);
  });

  test("property: any text in any field gives one field, folded, that reads back", () => {
    const anyText = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.string({
        unit: fc.constantFrom("\r", "\n", " ", "\t", "a", "é", ":", "=?", "word", "\0", "😀"),
        maxLength: 200,
      }),
    );
    fc.assert(
      fc.property(anyText, (any) => {
        for (const line of [
          textField("Subject", any),
          addressField("To", [{ displayName: any, address: BERT.address }]),
        ]) {
          const data = Buffer.from(line);
          const { fields } = parseHeader(data);
          assert.equal(fields.length, 1);
          assert.equal(fields[0].end, data.length);
          for (const piece of line.slice(0, -2).split("\r\n"))
            assert.ok(piece.length <= 78 || !piece.trim().includes(" "), piece);
        }
        const shown = any
          .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ")
          .trim()
          .toWellFormed();
        const read = textOf(
          Buffer.from(textField("Subject", any)),
          parseHeader(Buffer.from(textField("Subject", any))),
          "subject",
        );
        assert.equal(
          decodeWords(read ?? ""),
          shown.replace(/[\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/g, ""),
        );
      }),
      { numRuns: 1500 },
    );
  });
});

suite("property: compose, then parse, gives the same values", () => {
  const name = fc.string({ unit: "grapheme", maxLength: 30 }).map((one) =>
    one
      .replace(/[\p{C}\p{Z}]/gu, " ")
      .replace(/ +/g, " ")
      .trim(),
  );
  const address = fc.record({
    displayName: name,
    address: fc.record({
      localPart: fc.stringMatching(/^[a-z0-9]{1,10}$/),
      domain: fc.constantFrom("example.org", "a.test"),
    }),
  });
  const line = fc.string({
    unit: fc.constantFrom("a", "word ", "é", "日本", "From ", ".", "=", "-", "\t", "😀"),
    maxLength: 40,
  });
  const body = fc.array(line, { maxLength: 8 }).map((lines) => lines.join("\n"));
  const attachment = fc.record({
    octets: fc.uint8Array({ maxLength: 200 }),
    fileName: name.filter((one) => one !== ""),
    mediaType: fc.constantFrom("image/png", "text/plain", "text/csv", "application/pdf"),
  });
  const drafts = fc.record({
    from: fc.array(address, { minLength: 1, maxLength: 1 }),
    to: fc.array(address, { minLength: 1, maxLength: 4 }),
    subject: name,
    dateMs: fc.integer({ min: 0, max: 4_000_000_000 }).map((second) => second * 1000),
    zoneMinutes: fc.integer({ min: -720, max: 840 }),
    text: body,
    html: fc.option(body, { nil: undefined }),
    attachments: fc.array(attachment, { maxLength: 3 }),
  });

  test("addresses, names, subject, date, text, html, attachments", () => {
    fc.assert(
      fc.property(drafts, (one) => {
        const data = compose({ ...one, messageId: "<1@example.org>" });
        const parsed = parseMessage(data);
        assert.deepEqual(parsed.defects, []);
        for (const key of ["from", "to"] as const) {
          const read = mailboxesOf(parseAddressList(header(parsed, key) ?? "")).map(
            ({ displayName, address: found }) => ({ displayName, address: { ...found } }),
          );
          assert.deepEqual(
            read,
            one[key].map((entry) => ({
              displayName: entry.displayName,
              address: { ...entry.address },
            })),
          );
        }
        assert.equal(decodeWords(header(parsed, "subject") ?? ""), one.subject);
        assert.deepEqual(parseDate(header(parsed, "date") ?? ""), {
          epochMs: one.dateMs,
          zoneMinutes: one.zoneMinutes,
        });
        const found = leaves(parsed);
        const ended = (any: string): string =>
          any === "" || any.endsWith("\n") ? any : `${any}\n`;
        assert.equal(bodyText(data, found[0]), ended(one.text));
        if (one.html !== undefined) assert.equal(bodyText(data, found[1]), ended(one.html));
        const files = found.slice(one.html === undefined ? 1 : 2);
        assert.deepEqual(
          files.map((part) => [...bodyOctets(data, part)]),
          one.attachments.map((file) => [...file.octets]),
        );
        assert.deepEqual(
          files.map((part) => part.disposition?.params.get("filename")),
          one.attachments.map((file) => file.fileName),
        );
        checkForm(data);
      }),
      { numRuns: 300 },
    );
  });
});
