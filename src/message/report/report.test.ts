import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { encodeLatin1 } from "../../base/bytes.ts";
import type { Address } from "../addr-spec.ts";
import { lint } from "../lint/lint.ts";
import { textOf } from "../header.ts";
import { parseMessage } from "../parse.ts";
import { message, octets, text } from "../testing/message-octets.ts";
import { composeArf, parseArf, type ArfMessage } from "./arf.ts";
import { composeDsn, parseDsn, type DsnReport } from "./dsn.ts";
import { composeMdn, parseMdn, type MdnReport } from "./mdn.ts";

const at = (localPart: string, domain: string): Address => ({ localPart, domain });
const ORIGINAL = octets`
From: Ada <ada@example.org>
Subject: lost
Message-ID: <1@example.org>

text
`;

const REPORT: DsnReport = {
  from: { displayName: "Mail Delivery", address: at("postmaster", "mx.example.net") },
  to: at("ada", "example.org"),
  subject: "Your message could not be delivered",
  dateMs: Date.parse("2026-03-03T09:00:00Z"),
  messageId: "<dsn-1@mx.example.net>",
  originalMessageId: "<1@example.org>",
  text: "It was refused.\n",
  reportingMta: "mx.example.net",
  envelopeId: "QQ314159",
  receivedFromMta: "client.example.org",
  arrivalMs: Date.parse("2026-03-03T08:00:00Z"),
  recipients: [
    {
      finalRecipient: at("bert", "example.com"),
      originalRecipient: "rfc822;Bert@example.com",
      action: "failed",
      status: "5.1.1",
      remoteMta: "mail.example.com",
      diagnostic: "550 5.1.1 no such user\r\nhere",
      lastAttemptMs: Date.parse("2026-03-03T08:59:00Z"),
    },
    {
      finalRecipient: at("cleo", "example.com"),
      action: "delayed",
      status: "4.4.1",
      willRetryUntilMs: Date.parse("2026-03-08T08:00:00Z"),
    },
  ],
  returned: { octets: ORIGINAL, ret: "headers" },
};

const errors = (data: Uint8Array): unknown =>
  lint(data).filter(({ severity }) => severity !== "note");

suite("DSN (RFC 3464)", () => {
  test("composed as multipart/report of three parts, and parsed back", () => {
    const data = composeDsn(REPORT);
    const parsed = parseMessage(data);
    assert.deepEqual(errors(data), []);
    const { root } = parsed;
    assert.deepEqual(
      [root.type, root.subtype, root.params.get("report-type")],
      ["multipart", "report", "delivery-status"],
    );
    assert.deepEqual(
      root.children.map(({ type, subtype }) => `${type}/${subtype}`),
      ["text/plain", "message/delivery-status", "text/rfc822-headers"],
    );
    assert.equal(textOf(data, root.header, "auto-submitted"), "auto-replied");
    const read = parseDsn(parsed);
    assert.equal(read?.reportingMta, "mx.example.net");
    assert.equal(read.envelopeId, "QQ314159");
    assert.equal(read.arrivalMs, REPORT.arrivalMs);
    assert.equal(read.text, "It was refused.\n");
    assert.deepEqual(read.recipients, [
      {
        finalRecipient: "bert@example.com",
        originalRecipient: "Bert@example.com",
        action: "failed",
        status: "5.1.1",
        remoteMta: "mail.example.com",
        diagnostic: "550 5.1.1 no such user here",
        lastAttemptMs: Date.parse("2026-03-03T08:59:00Z"),
        willRetryUntilMs: undefined,
      },
      {
        finalRecipient: "cleo@example.com",
        originalRecipient: undefined,
        action: "delayed",
        status: "4.4.1",
        remoteMta: undefined,
        diagnostic: undefined,
        lastAttemptMs: undefined,
        willRetryUntilMs: Date.parse("2026-03-08T08:00:00Z"),
      },
    ]);
    assert.equal(
      text(read.returnedHeader ?? new Uint8Array()),
      "From: Ada <ada@example.org>\r\nSubject: lost\r\nMessage-ID: <1@example.org>\r\n",
    );
  });

  test("the machine-readable part, line by line", () => {
    const data = composeDsn(REPORT);
    const part = parseMessage(data).root.children[1];
    assert.equal(
      text(data.subarray(part.bodyStart, part.end)),
      "Original-Envelope-Id: QQ314159\r\nReporting-MTA: dns; mx.example.net\r\nReceived-From-MTA: dns; client.example.org\r\nArrival-Date: Tue, 3 Mar 2026 08:00:00 +0000\r\n\r\n" +
        "Original-Recipient: rfc822; Bert@example.com\r\nFinal-Recipient: rfc822; bert@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mail.example.com\r\n" +
        "Diagnostic-Code: smtp; 550 5.1.1 no such user here\r\nLast-Attempt-Date: Tue, 3 Mar 2026 08:59:00 +0000\r\n\r\n" +
        "Final-Recipient: rfc822; cleo@example.com\r\nAction: delayed\r\nStatus: 4.4.1\r\nWill-Retry-Until: Sun, 8 Mar 2026 08:00:00 +0000\r\n",
    );
  });

  test("the whole message given back", () => {
    const read = parseDsn(
      parseMessage(composeDsn({ ...REPORT, returned: { octets: ORIGINAL, ret: "full" } })),
    );
    assert.equal(text(read?.returned ?? new Uint8Array()), text(ORIGINAL));
  });

  test("RFC 6533: global variants, and escapes where the report must be ASCII", () => {
    const recipient = {
      finalRecipient: at("jörg", "grün.example"),
      originalRecipient: "utf-8;jörg@grün.example",
      action: "failed",
      status: "5.1.1",
    } as const;
    const global = composeDsn({
      ...REPORT,
      recipients: [recipient],
      isGlobal: true,
      returned: { octets: octets`Subject: grün\r\n\r\nx`, ret: "headers" },
    });
    assert.deepEqual(
      parseMessage(global).root.children.map(({ type, subtype }) => `${type}/${subtype}`),
      ["text/plain", "message/global-delivery-status", "message/global-headers"],
    );
    assert.ok(text(global).includes("Final-Recipient: utf-8; jörg@grün.example\r\n"));
    const ascii = composeDsn({ ...REPORT, recipients: [recipient], returned: undefined });
    assert.doesNotMatch(text(ascii), /[^\u0000-\u007f]/);
    assert.ok(text(ascii).includes("Final-Recipient: utf-8; j\\x{F6}rg@gr\\x{FC}n.example\r\n"));
    for (const data of [global, ascii]) {
      const [read] = parseDsn(parseMessage(data))?.recipients ?? [];
      assert.deepEqual(
        [read.finalRecipient, read.originalRecipient],
        ["jörg@grün.example", "jörg@grün.example"],
      );
    }
  });

  test("security row 77: what a remote server said cannot add a field or a group", () => {
    const data = composeDsn({
      ...REPORT,
      recipients: [
        {
          ...REPORT.recipients[0],
          diagnostic: "550 x\r\n\r\nFinal-Recipient: rfc822; evil@x\r\nAction: delivered",
        },
      ],
    });
    assert.equal(parseDsn(parseMessage(data))?.recipients.length, 1);
  });

  test("what a stranger wrote can be reported, however odd: endless words, identifiers that are none", () => {
    const endless = "x".repeat(5000);
    for (const originalMessageId of [
      `<${endless}@x>`,
      "no id",
      "<a\u0001@b>",
      "<a@b>\r\nX: y",
      `<${"ü".repeat(800)}@x>`,
    ]) {
      const data = composeDsn({
        ...REPORT,
        originalMessageId,
        subject: endless,
        text: endless,
        envelopeId: endless,
        receivedFromMta: endless,
        recipients: [
          {
            ...REPORT.recipients[0],
            diagnostic: endless,
            remoteMta: endless,
            finalLogId: "é".repeat(3000),
            originalRecipient: `utf-8;${"日".repeat(2000)}`,
          },
        ],
      });
      assert.deepEqual(errors(data), []);
      assert.equal(
        parseDsn(parseMessage(data))?.recipients[0].diagnostic?.replaceAll(" ", ""),
        endless,
      );
      assert.doesNotThrow(() =>
        composeMdn({
          ...MDN,
          originalMessageId,
          reportingUa: endless,
          originalRecipient: "日".repeat(2000),
        }),
      );
      assert.doesNotThrow(() =>
        composeArf({ ...ARF, userAgent: endless, reportedUris: [endless] }),
      );
    }
  });

  test("reports as they come: one group, no types, brackets, no status", () => {
    const read = (...lines: string[]): ReturnType<typeof parseDsn> =>
      parseDsn(parseMessage(message("Content-Type: message/delivery-status", "", ...lines)));
    const one = read(
      "Reporting-MTA: mx.example.net",
      "Final-Recipient: <bert@example.com>",
      "Action: FAILED (permanent)",
      "Status: 5.2.2 (full)",
    );
    assert.equal(one?.reportingMta, "mx.example.net");
    assert.deepEqual(
      one.recipients.map(({ finalRecipient, action, status }) => [finalRecipient, action, status]),
      [["bert@example.com", "failed", "5.2.2"]],
    );
    const bare = read(
      "Reporting-MTA: dns; x",
      "",
      "Final-Recipient: rfc822; a@b",
      "Diagnostic-Code: smtp; 550 no",
    );
    assert.deepEqual(
      bare?.recipients.map(({ action, status, diagnostic }) => [action, status, diagnostic]),
      [["failed", "5.0.0", "550 no"]],
    );
    assert.deepEqual(read("")?.recipients, []);
    assert.equal(parseDsn(parseMessage(message("Subject: x", "", "text"))), undefined);
  });

  test("security row 30: field names of a report are names like others", () => {
    const read = parseDsn(
      parseMessage(
        message(
          "Content-Type: message/delivery-status",
          "",
          "__proto__: x",
          "constructor: y",
          "",
          "__proto__: z",
          "Final-Recipient: rfc822; a@b",
        ),
      ),
    );
    assert.equal(read?.recipients.length, 1);
  });

  test("a report with groups without end is bounded", () => {
    const groups = "Final-Recipient: rfc822; a@b\r\n\r\n".repeat(2000);
    const read = parseDsn(
      parseMessage(encodeLatin1(`Content-Type: message/delivery-status\r\n\r\n${groups}`)),
    );
    assert.equal(read?.recipients.length, 1000);
  });
});

const MDN: MdnReport = {
  from: { address: at("bert", "example.net") },
  to: at("ada", "example.org"),
  subject: "Disposition notification",
  dateMs: 0,
  messageId: "<mdn-1@example.net>",
  text: "Displayed.\n",
  reportingUa: "bert-pc; Posthorn",
  originalRecipient: "bert@example.net",
  finalRecipient: at("bert", "example.net"),
  originalMessageId: "<1@example.org>",
  disposition: {
    actionMode: "manual-action",
    sendingMode: "mdn-sent-manually",
    type: "displayed",
    modifiers: [],
  },
};

suite("MDN (RFC 8098)", () => {
  test("composed and parsed back", () => {
    const data = composeMdn({ ...MDN, returned: { octets: ORIGINAL, ret: "headers" } });
    assert.deepEqual(errors(data), []);
    assert.equal(parseMessage(data).root.params.get("report-type"), "disposition-notification");
    const read = parseMdn(parseMessage(data));
    assert.deepEqual(read?.disposition, MDN.disposition);
    assert.equal(read?.finalRecipient, "bert@example.net");
    assert.equal(read.originalRecipient, "bert@example.net");
    assert.equal(read.originalMessageId, "<1@example.org>");
    assert.equal(read.reportingUa, "bert-pc; Posthorn");
    assert.match(text(read.returnedHeader ?? new Uint8Array()), /^From: Ada/);
  });

  test("modifiers, and RFC 6533's global variant", () => {
    const disposition = {
      actionMode: "automatic-action",
      sendingMode: "mdn-sent-automatically",
      type: "processed",
      modifiers: ["error"],
    } as const;
    const data = composeMdn({
      ...MDN,
      disposition,
      isGlobal: true,
      finalRecipient: at("jörg", "example.net"),
    });
    assert.equal(parseMessage(data).root.children[1].subtype, "global-disposition-notification");
    const read = parseMdn(parseMessage(data));
    assert.deepEqual(read?.disposition, { ...disposition, modifiers: ["error"] });
    assert.equal(read?.finalRecipient, "jörg@example.net");
  });

  test("RFC 8098 §9: the example's machine-readable part", () => {
    const data = message(
      "Content-Type: message/disposition-notification",
      "",
      "Reporting-UA: joes-pc.cs.example.com; Foomail 97.1",
      "Original-Recipient: rfc822;Joe_Recipient@example.com",
      "Final-Recipient: rfc822;Joe_Recipient@example.com",
      "Original-Message-ID: <199509192301.23456@example.org>",
      "Disposition: manual-action/MDN-sent-manually; displayed",
    );
    const read = parseMdn(parseMessage(data));
    assert.equal(read?.finalRecipient, "Joe_Recipient@example.com");
    assert.deepEqual(read.disposition, {
      actionMode: "manual-action",
      sendingMode: "mdn-sent-manually",
      type: "displayed",
      modifiers: [],
    });
    assert.equal(
      parseMdn(
        parseMessage(
          message("Content-Type: message/disposition-notification", "", "Disposition: none"),
        ),
      )?.disposition,
      undefined,
    );
  });
});

const ARF: ArfMessage = {
  from: { address: at("abuse", "example.net") },
  to: at("abuse", "example.org"),
  subject: "FW: Earn money",
  dateMs: 0,
  messageId: "<arf-1@example.net>",
  text: "This is an email abuse report.\n",
  feedbackType: "abuse",
  userAgent: "SomeGenerator/1.0",
  originalMailFrom: "<somespammer@example.net>",
  originalRcptTo: ["<user@example.com>", "<other@example.com>"],
  arrivalMs: Date.parse("2005-03-08T18:00:00Z"),
  reportingMta: "mail.example.com",
  sourceIp: "192.0.2.1",
  incidents: 3,
  authenticationResults: ["mail.example.com; spf=fail smtp.mail=somespammer@example.com"],
  reportedDomains: ["example.net"],
  reportedUris: ["http://example.net/earn_money.html", "mailto:user@example.com"],
  returned: { octets: ORIGINAL, ret: "full" },
};

suite("ARF (RFC 5965)", () => {
  test("composed and parsed back", () => {
    const data = composeArf(ARF);
    assert.deepEqual(errors(data), []);
    assert.equal(parseMessage(data).root.params.get("report-type"), "feedback-report");
    const read = parseArf(parseMessage(data));
    for (const key of [
      "feedbackType",
      "userAgent",
      "originalMailFrom",
      "originalRcptTo",
      "arrivalMs",
      "reportingMta",
      "sourceIp",
      "incidents",
      "authenticationResults",
      "reportedDomains",
      "reportedUris",
    ] as const) {
      assert.deepEqual(read?.[key], ARF[key], key);
    }
    assert.equal(text(read?.returned ?? new Uint8Array()), text(ORIGINAL));
  });

  test("RFC 5965 appendix B.1: the simple report", () => {
    const data = octets`
From: <abusedesk@example.com>
Date: Thu, 8 Mar 2005 17:40:36 EDT
Subject: FW: Earn money
To: <abuse@example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP
192.0.2.1 on Thu, 8 Mar 2005 14:00:00 EDT.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

Received: from mailserver.example.net
From: <somespammer@example.net>
To: <Undisclosed Recipients>
Subject: Earn money

Spam Spam Spam
--part1_13d.2e68ed54_boundary--
`;
    const read = parseArf(parseMessage(data));
    assert.deepEqual(
      [read?.feedbackType, read?.userAgent, read?.incidents],
      ["abuse", "SomeGenerator/1.0", 1],
    );
    assert.match(text(read?.returned ?? new Uint8Array()), /Spam Spam Spam$/);
    assert.equal(parseArf(parseMessage(message("Subject: x", ""))), undefined);
  });
});
