/** The examples that the RFCs number or print, each read as its text says. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { formatAddress } from "./addr-spec.ts";
import { addressesOf, mailboxesOf, parseAddressList } from "./address-list.ts";
import { parseDate } from "./date.ts";
import { bodyText } from "./decode-body.ts";
import { findFields, fieldText, textOf } from "./header.ts";
import { parseMessageIds } from "./message-id.ts";
import { parseMessage } from "./parse.ts";
import { type Part, partsOf } from "./part.ts";
import { parseReceived } from "./received.ts";
import { parseDsn } from "./report/dsn.ts";
import { octets } from "./testing/message-octets.ts";
import { RFC_EXAMPLES } from "./testing/rfc-examples.ts";

function example(name: string): Uint8Array {
  const data = RFC_EXAMPLES.get(name);
  assert.ok(data, name);
  return data;
}

const field = (data: Uint8Array, key: string): string | undefined =>
  textOf(data, parseMessage(data).root.header, key);
const addresses = (data: Uint8Array, key: string): string[] =>
  addressesOf(parseAddressList(field(data, key) ?? "")).map(formatAddress);
const names = (data: Uint8Array, key: string): string[] =>
  mailboxesOf(parseAddressList(field(data, key) ?? "")).map(({ displayName }) => displayName);
const body = (data: Uint8Array, part: Part = parseMessage(data).root): string =>
  bodyText(data, part);
const sentAt = (data: Uint8Array): string =>
  new Date(parseDate(field(data, "date") ?? "")?.epochMs ?? 0).toISOString();
const outline = (data: Uint8Array): string[] =>
  [...partsOf(parseMessage(data).root)].map(
    ({ type, subtype, depth }) => `${depth} ${type}/${subtype}`,
  );

suite("RFC 5322 appendix A", () => {
  test("A.1.1: a message from one person to another", () => {
    const data = example("RFC 5322 A.1.1");
    assert.deepEqual(
      [names(data, "from"), addresses(data, "from")],
      [["John Doe"], ["jdoe@machine.example"]],
    );
    assert.deepEqual(addresses(data, "to"), ["mary@example.net"]);
    assert.equal(field(data, "subject"), "Saying Hello");
    assert.equal(sentAt(data), "1997-11-21T15:55:06.000Z");
    assert.deepEqual(parseMessageIds(field(data, "message-id") ?? ""), [
      "<1234@local.machine.example>",
    ]);
    assert.equal(body(data), 'This is a message just to say hello.\nSo, "Hello".\n');
  });
  test("A.1.1, with a Sender", () => {
    assert.deepEqual(addresses(example("RFC 5322 A.1.1 with Sender"), "sender"), [
      "mjones@machine.example",
    ]);
  });
  test("A.1.2: different types of mailboxes", () => {
    const data = example("RFC 5322 A.1.2");
    assert.deepEqual(names(data, "from"), ["Joe Q. Public"]);
    assert.deepEqual(addresses(data, "to"), ["mary@x.test", "jdoe@example.org", "one@y.test"]);
    assert.deepEqual(names(data, "to"), ["Mary Smith", "", "Who?"]);
    assert.deepEqual(addresses(data, "cc"), ["boss@nil.test", "sysservices@example.net"]);
    assert.deepEqual(names(data, "cc"), ["", 'Giant; "Big" Box']);
  });
  test("A.1.3: group addresses", () => {
    const data = example("RFC 5322 A.1.3");
    const { entries } = parseAddressList(field(data, "to") ?? "");
    assert.deepEqual(
      entries.map(({ kind, displayName }) => [kind, displayName]),
      [["group", "A Group"]],
    );
    assert.deepEqual(addresses(data, "to"), ["c@a.test", "joe@where.test", "jdoe@one.test"]);
    assert.deepEqual(names(data, "to"), ["Ed Jones", "", "John"]);
    assert.deepEqual(addresses(data, "cc"), []);
  });
  test("A.2: replies", () => {
    const first = example("RFC 5322 A.2 first reply");
    assert.deepEqual(addresses(first, "reply-to"), ["smith@home.example"]);
    assert.deepEqual(parseMessageIds(field(first, "in-reply-to") ?? ""), [
      "<1234@local.machine.example>",
    ]);
    const second = example("RFC 5322 A.2 second reply");
    assert.deepEqual(parseMessageIds(field(second, "references") ?? ""), [
      "<1234@local.machine.example>",
      "<3456@example.net>",
    ]);
  });
  test("A.3: resent messages", () => {
    const data = example("RFC 5322 A.3");
    assert.deepEqual(addresses(data, "resent-from"), ["mary@example.net"]);
    assert.deepEqual(addresses(data, "resent-to"), ["j-brown@other.example"]);
    assert.equal(field(data, "resent-message-id"), "<78910@example.net>");
    assert.deepEqual(addresses(data, "from"), ["jdoe@machine.example"]);
  });
  test("A.4: messages with trace fields", () => {
    const data = example("RFC 5322 A.4");
    const { header } = parseMessage(data).root;
    const [last, first] = findFields(header, "received").map((one) =>
      parseReceived(fieldText(data, one)),
    );
    assert.deepEqual(
      [last.from, last.by, last.with, last.id],
      ["x.y.test", "example.net", "ESMTP", "ABC12345"],
    );
    assert.equal(last.for, "mary@example.net");
    assert.equal(last.date?.epochMs, Date.parse("1997-11-21T16:05:43Z"));
    assert.deepEqual([first.from, first.by, first.id], ["node.example", "x.y.test", undefined]);
  });
  test("A.5: white space, comments, and other oddities", () => {
    const data = example("RFC 5322 A.5");
    assert.deepEqual(
      [names(data, "from"), addresses(data, "from")],
      [["Pete"], ["pete@silly.test"]],
    );
    assert.deepEqual(addresses(data, "to"), [
      "c@public.example",
      "joe@example.org",
      "jdoe@one.test",
    ]);
    assert.deepEqual(names(data, "to").slice(0, 1), ["Chris Jones"]);
    assert.deepEqual(addresses(data, "cc"), []);
    assert.equal(sentAt(data), "1969-02-14T03:02:00.000Z");
    assert.deepEqual(parseMessageIds(field(data, "message-id") ?? ""), [
      "<testabcd.1234@silly.test>",
    ]);
    assert.equal(body(data), "Testing.\n");
  });
  test("A.6.1: obsolete addressing", () => {
    const data = example("RFC 5322 A.6.1");
    assert.deepEqual(names(data, "from"), ["Joe Q. Public"]);
    assert.deepEqual(addresses(data, "to"), ["mary@example.net", "jdoe@test.example"]);
  });
  test("A.6.2: obsolete dates", () => {
    assert.equal(sentAt(example("RFC 5322 A.6.2")), "1997-11-21T09:55:06.000Z");
  });
  test("A.6.3: obsolete white space and comments", () => {
    const data = example("RFC 5322 A.6.3");
    assert.deepEqual(
      [names(data, "from"), addresses(data, "from")],
      [["John Doe"], ["jdoe@machine.example"]],
    );
    assert.deepEqual(
      [names(data, "to"), addresses(data, "to")],
      [["Mary Smith"], ["mary@example.net"]],
    );
    assert.equal(field(data, "subject"), "Saying Hello");
    assert.equal(sentAt(data), "1997-11-21T15:55:06.000Z");
    assert.deepEqual(parseMessageIds(field(data, "message-id") ?? ""), [
      "<1234@local.machine.example>",
    ]);
  });
});

suite("RFC 2045 to RFC 2049", () => {
  test("RFC 2045 §5.1: two fields that say the same", () => {
    for (const value of [
      "text/plain; charset=us-ascii (Plain text)",
      'text/plain; charset="us-ascii"',
    ]) {
      const { root } = parseMessage(octets`Content-type: ${value}\r\n\r\n`);
      assert.deepEqual(
        [root.type, root.subtype, root.params.get("charset")],
        ["text", "plain", "us-ascii"],
      );
    }
  });
  test("RFC 2045 §6.2: a body under an encoding of its own", () => {
    const { root } = parseMessage(
      octets`Content-Type: text/plain; charset=ISO-8859-1\r\nContent-transfer-encoding: base64\r\n\r\n5OTk\r\n`,
    );
    assert.equal(
      bodyText(
        octets`Content-Type: text/plain; charset=ISO-8859-1\r\nContent-transfer-encoding: base64\r\n\r\n5OTk\r\n`,
        root,
      ),
      "äää",
    );
  });
  test("RFC 2046 §4.1.4 and §4.5.1 defaults: no type is text/plain", () => {
    assert.deepEqual(outline(octets`Subject: x\r\n\r\ny`), ["1 text/plain"]);
  });
  test("RFC 2046 §5.1.1: the simple multipart message", () => {
    const data = example("RFC 2046 §5.1.1");
    assert.deepEqual(outline(data), ["1 multipart/mixed", "2 text/plain", "2 text/plain"]);
    const [implicit, explicit] = parseMessage(data).root.children;
    assert.equal(
      body(data, implicit),
      "This is implicitly typed plain US-ASCII text.\nIt does NOT end with a linebreak.",
    );
    assert.equal(
      body(data, explicit),
      "This is explicitly typed plain US-ASCII text.\nIt DOES end with a linebreak.\n",
    );
  });
  test("RFC 2046 §5.1.2: nested multiparts where the inner one has no end", () => {
    assert.deepEqual(outline(example("RFC 2046 §5.1.2")), [
      "1 multipart/mixed",
      "2 multipart/mixed",
      "3 text/plain",
      "2 text/plain",
    ]);
  });
  test("RFC 2046 §5.1.4: alternatives", () => {
    assert.deepEqual(outline(example("RFC 2046 §5.1.4")), [
      "1 multipart/alternative",
      "2 text/plain",
      "2 text/enriched",
      "2 application/x-whatever",
    ]);
  });
  test("RFC 2046 §5.1.5: a digest", () => {
    const data = example("RFC 2046 §5.1.5");
    assert.deepEqual(outline(data), [
      "1 multipart/mixed",
      "2 text/plain",
      "2 multipart/digest",
      "3 message/rfc822",
      "4 text/plain",
      "3 message/rfc822",
      "4 text/plain",
    ]);
    const [, digest] = parseMessage(data).root.children;
    const [first] = digest.children;
    assert.equal(first.message && textOf(data, first.message.header, "subject"), "my opinion");
  });
  test("RFC 2046 §5.2.2.2: fragments of a message", () => {
    const { root } = parseMessage(example("RFC 2046 §5.2.2.2 first"));
    assert.deepEqual(
      [
        root.type,
        root.subtype,
        root.params.get("id"),
        root.params.get("number"),
        root.params.get("total"),
      ],
      ["message", "partial", "ABC@host.com", "1", "2"],
    );
    assert.equal(root.message, undefined);
  });
  test("RFC 2046 §5.2.3.7: external bodies", () => {
    const data = example("RFC 2046 §5.2.3.7");
    const [ftp, file, server] = parseMessage(data).root.children;
    assert.deepEqual(
      [ftp.subtype, ftp.params.get("name"), ftp.params.get("access-type")],
      ["external-body", "BodyFormats.ps", "ANON-FTP"],
    );
    assert.equal(file.params.get("name"), "/u/nsb/writing/rfcs/RFC-MIME.ps");
    assert.equal(server.params.get("server"), "listserv@bogus.bitnet");
  });
  test("RFC 2049 appendix A: the complex multipart example", () => {
    const data = example("RFC 2049 A");
    assert.deepEqual(outline(data), [
      "1 multipart/mixed",
      "2 text/plain",
      "2 text/plain",
      "2 multipart/parallel",
      "3 audio/basic",
      "3 image/jpeg",
      "2 text/enriched",
      "2 message/rfc822",
      "3 text/plain",
    ]);
    const { root, defects } = parseMessage(data);
    assert.deepEqual(defects, []);
    assert.equal(root.params.get("boundary"), "unique-boundary-1");
    const within = root.children[4].message;
    assert.equal(within && textOf(data, within.header, "subject"), "(subject in US-ASCII)");
    assert.equal(within?.encoding, "quoted-printable");
  });
});

suite("RFC 3464 appendix E", () => {
  const dsn = (name: string): ReturnType<typeof parseDsn> => parseDsn(parseMessage(example(name)));
  test("E.1: a simple DSN", () => {
    const report = dsn("RFC 3464 E.1");
    assert.equal(report?.reportingMta, "cs.utk.edu");
    assert.deepEqual(
      report.recipients.map(({ finalRecipient, action, status, diagnostic, lastAttemptMs }) => [
        finalRecipient,
        action,
        status,
        diagnostic,
        lastAttemptMs,
      ]),
      [
        [
          "louisl@larry.slip.umd.edu",
          "failed",
          "4.0.0",
          "426 connection timed out",
          Date.parse("1994-07-07T21:15:49Z"),
        ],
      ],
    );
    assert.match(report.text, /The following addresses had delivery problems/);
  });
  test("E.2: a multi-recipient DSN", () => {
    const report = dsn("RFC 3464 E.2");
    assert.deepEqual(
      report?.recipients.map(({ finalRecipient, action, status, remoteMta }) => [
        finalRecipient,
        action,
        status,
        remoteMta,
      ]),
      [
        ["arathib@vnet.ibm.com", "failed", "5.0.0", "vnet.ibm.com"],
        ["johnh@hpnjld.njd.hp.com", "delayed", "4.0.0", undefined],
        ["wsnell@sdcc13.ucsd.edu", "failed", "5.0.0", "sdcc13.ucsd.edu"],
      ],
    );
  });
  test("E.3: a DSN from a gateway to a foreign system", () => {
    const report = dsn("RFC 3464 E.3");
    assert.equal(report?.reportingMta, "SYS30");
    assert.deepEqual(
      report.recipients.map(({ finalRecipient, action, status }) => [
        finalRecipient,
        action,
        status,
      ]),
      [["nair_s", "failed", "5.0.0"]],
    );
  });
  test("E.4: a delayed DSN", () => {
    const report = dsn("RFC 3464 E.4");
    assert.equal(report?.reportingMta, "sun2.nsfnet-relay.ac.uk");
    assert.deepEqual(
      report.recipients.map(({ finalRecipient, action, status }) => [
        finalRecipient,
        action,
        status,
      ]),
      [["thomas@de-montfort.ac.uk", "delayed", "4.0.0"]],
    );
  });
});
