/** Our reports as Python's email package reads them: structure, fields, texts, addresses of all scripts. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeUtf8 } from "../../src/base/bytes.ts";
import { parseAddress, type Address } from "../../src/message/addr-spec.ts";
import { composeDsn, type DsnAction, type DsnReport } from "../../src/message/report/dsn.ts";
import { peerTest, run } from "./peers.ts";

const READER = `
import sys, json
from email import policy, message_from_binary_file
found = []
for path in sys.argv[1:]:
    with open(path, 'rb') as file:
        report = message_from_binary_file(file, policy=policy.default.clone(utf8=True))
    text, status, returned = report.iter_parts()
    defects = [repr(d) for part in report.walk() for d in part.defects]
    found.append({
        'type': report.get_content_type(),
        'reportType': report['Content-Type'].params.get('report-type'),
        'subject': report['Subject'],
        'to': [str(a).encode('utf-8', 'surrogateescape').decode('utf-8') for a in report['To'].addresses],
        'auto': report['Auto-Submitted'],
        'defects': defects,
        'parts': [part.get_content_type() for part in report.iter_parts()],
        'text': text.get_content(),
        'groups': [dict(group.items()) for group in status.get_payload()]
            if status.get_content_type() == 'message/delivery-status'
            else status.get_content() if isinstance(status.get_content(), str)
            else status.get_content().decode('utf-8'),
        'returned': returned.get_content() if returned.get_content_maintype() == 'text'
            else str(returned.get_payload(0)['Subject']),
    })
json.dump(found, sys.stdout)
`;

type Read = {
  readonly type: string;
  readonly reportType: string;
  readonly subject: string;
  readonly to: readonly string[];
  readonly auto: string;
  readonly defects: readonly string[];
  readonly parts: readonly string[];
  readonly text: string;
  readonly groups: readonly Record<string, string>[];
  readonly returned: string;
};

function address(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

const CONTENT = "From: anna@us.test\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nText.\r\n";

function report(action: DsnAction, ret: "full" | "headers"): DsnReport {
  return {
    from: { displayName: "Mail Delivery System", address: address("MAILER-DAEMON@mx.us.test") },
    to: address("anna@us.test"),
    subject: "Ihre Nachricht wurde nicht zugestellt – schade",
    dateMs: 0,
    messageId: "<r1@mx.us.test>",
    originalMessageId: "<one@us.test>",
    text: "Ihre Nachricht hat bob@far.test nicht erreicht.\n",
    reportingMta: "mx.us.test",
    envelopeId: "job 7",
    arrivalMs: 0,
    recipients: [
      {
        finalRecipient: address("bob@far.test"),
        originalRecipient: "rfc822;old@us.test",
        action,
        status: "5.1.1",
        remoteMta: "mx.far.test",
        diagnostic: "550 5.1.1 no such user, and a very long explanation ".repeat(20),
        lastAttemptMs: 0,
      },
      { finalRecipient: address('"a b"@far.test'), action, status: "5.2.2" },
    ],
    returned: { octets: encodeUtf8(CONTENT), ret },
  };
}

peerTest("reports parse with Python's email package", ["python3"], async () => {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-python-"));
  try {
    const actions: DsnAction[] = ["failed", "delayed", "delivered", "relayed", "expanded"];
    const paths = actions.map((action) => {
      const path = join(folder, action);
      writeFileSync(path, composeDsn(report(action, action === "failed" ? "full" : "headers")));
      return path;
    });
    const { status, stdout, stderr } = await run("python3", ["-c", READER, ...paths]);
    assert.equal(status, 0, stderr);
    const all = JSON.parse(stdout) as Read[];
    for (const [index, read] of all.entries()) {
      assert.equal(read.type, "multipart/report");
      assert.equal(read.reportType, "delivery-status");
      assert.deepEqual(read.defects, [], actions[index]);
      assert.equal(read.subject, "Ihre Nachricht wurde nicht zugestellt – schade");
      assert.deepEqual([read.to, read.auto], [["anna@us.test"], "auto-replied"]);
      assert.match(read.text, /nicht erreicht/);
      const [whole, first, second] = read.groups;
      assert.equal(whole["Reporting-MTA"], "dns; mx.us.test");
      assert.equal(whole["Original-Envelope-Id"], "job 7");
      assert.equal(first["Final-Recipient"], "rfc822; bob@far.test");
      assert.equal(first["Original-Recipient"], "rfc822; old@us.test");
      assert.equal(first["Action"], actions[index]);
      assert.equal(first["Status"], "5.1.1");
      assert.match(first["Diagnostic-Code"], /^smtp; 550 5\.1\.1 no such user/);
      assert.equal(second["Final-Recipient"], 'rfc822; "a b"@far.test');
      assert.match(read.returned, /Gr/);
    }
    assert.equal(all[0].parts[1], "message/delivery-status");
    assert.match(all[0].parts[2], /^message\//);
    assert.match(all[1].parts[2], /headers$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

peerTest(
  "RFC 6533: a report about addresses beyond ASCII parses with Python's email package",
  ["python3"],
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "posthorn-python-"));
    try {
      const path = join(folder, "global");
      const recipients = [
        { finalRecipient: address("jürgen@far.test"), action: "failed", status: "5.6.7" },
      ] as const;
      const base = report("failed", "headers");
      const to = address("änne@us.test");
      writeFileSync(path, composeDsn({ ...base, to, recipients, isGlobal: true }));
      const { status, stdout, stderr } = await run("python3", ["-c", READER, path]);
      assert.equal(status, 0, stderr);
      const [read] = JSON.parse(stdout) as (Omit<Read, "groups"> & { groups: string })[];
      assert.equal(read.parts[1], "message/global-delivery-status");
      assert.match(read.groups, /^Final-Recipient: utf-8; ?jürgen@far\.test\r?$/m);
      assert.deepEqual(read.to, ["änne@us.test"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
