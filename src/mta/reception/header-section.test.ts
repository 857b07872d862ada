import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeLatin1, encodeLatin1, encodeUtf8 } from "../../base/bytes.ts";
import type { SmtpSession } from "../../smtp/handler.ts";
import { completeSubmission } from "./complete-submission.ts";
import { HeaderGate, type HeldHeader } from "./header-gate.ts";
import { receivedField, withKeyword } from "./received-field.ts";
import { traceFacts } from "./trace-facts.ts";

function gateIn(text: string, pieceOctets: number, maxOctets = 1000): [string, number, boolean] {
  const gate = new HeaderGate(maxOctets);
  const octets = encodeUtf8(text);
  let held: HeldHeader | undefined;
  let at = 0;
  while (held === undefined && at < octets.length) {
    held = gate.push(octets.subarray(at, at + pieceOctets));
    at += pieceOctets;
  }
  held ??= gate.finish();
  return [decodeLatin1(held.octets.subarray(0, held.headerOctets)), at, held.isCut];
}

test("the gate finds the end of the header section, however the octets are cut", () => {
  for (const pieceOctets of [1, 2, 3, 7, 1000]) {
    assert.equal(gateIn("A: b\r\n\r\nbody\r\n\r\nmore", pieceOctets)[0], "A: b\r\n\r\n");
    assert.equal(gateIn("\r\nbody", pieceOctets)[0], "\r\n");
    assert.equal(gateIn("A: b\r\n", pieceOctets)[0], "A: b\r\n");
    assert.equal(gateIn("", pieceOctets)[0], "");
  }
});

test("a header section without end is held back to its limit and no more", () => {
  const [header, passedOctets, isCut] = gateIn("A: b\r\n".repeat(1000), 100, 500);
  assert.ok(isCut);
  assert.equal(header.length, 600);
  assert.equal(passedOctets, 600);
});

test("a header section longer than the limit is known as such, however it is cut", () => {
  for (const pieceOctets of [1, 100, 6000, 10_000]) {
    assert.ok(gateIn(`${"A: b\r\n".repeat(1000)}\r\nbody`, pieceOctets, 500)[2]);
    assert.ok(gateIn("A: b\r\n".repeat(1000), pieceOctets, 500)[2]);
    assert.ok(!gateIn(`${"A: b\r\n".repeat(83)}\r\nbody`, pieceOctets, 500)[2]);
  }
});

test("trace facts: Received, Delivered-To and List-Id, in any case, with and without brackets", () => {
  const facts = traceFacts(
    encodeUtf8(
      "RECEIVED: x\r\n\tby y\r\nDelivered-To: Anna@Us.test\r\ndelivered-to: <b@c>\r\n" +
        "List-Id: Some <words> here\r\n\t<Club.us.test>\r\nSubject: ü\r\n\r\nReceived: no\r\n",
    ),
  );
  assert.equal(facts.receivedFields, 1);
  assert.deepEqual([...facts.deliveredTo], ["anna@us.test", "b@c"]);
  assert.deepEqual([...facts.listIds], ["club.us.test"]);
  assert.ok(facts.is8Bit);
});

const completion = { nowMs: 0, makeMessageId: () => "<id@us.test>" };
const complete = (header: string): string =>
  decodeLatin1(completeSubmission(encodeLatin1(header), completion));

test("a submission is completed only where something is missing; Bcc goes with its folded lines", () => {
  assert.equal(
    complete("Subject: s\r\n\r\n"),
    "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nMessage-ID: <id@us.test>\r\nSubject: s\r\n\r\n",
  );
  const whole = "date: x\r\nMESSAGE-ID: y\r\nX: 1\r\n 2\r\n\r\n";
  assert.equal(complete(whole), whole);
  assert.equal(
    complete("Date: x\r\nBCC: a,\r\n\tb\r\nMessage-ID: y\r\nResent-Bcc: c\r\nTo: Bcc: no\r\n\r\n"),
    "Date: x\r\nMessage-ID: y\r\nTo: Bcc: no\r\n\r\n",
  );
  assert.match(complete("\r\n"), /^Date: .*\r\nMessage-ID: .*\r\n\r\n$/);
});

test("property: completing keeps every other octet, whatever the header section holds", () => {
  const line = fc.oneof(
    fc.constantFrom(
      "Bcc: a",
      "bcc : x",
      "Date: d",
      "Message-ID: <m>",
      " folded",
      "From line",
      ":",
      "",
    ),
    fc.string({ maxLength: 20, unit: fc.constantFrom("a", ":", " ", "\u00e9", "\t", "\0") }),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const header = `Date: d\r\nMessage-ID: <m>\r\n${lines.filter((each) => each !== "").join("\r\n")}\r\n\r\n`;
      const result = complete(header);
      const isBcc = /^(?:resent-)?bcc[ \t]*:.*\r\n(?:[ \t].*\r\n)*/gim;
      assert.equal(result, header.replace(isBcc, ""));
      assert.equal(complete(result), result);
    }),
    { numRuns: 2000 },
  );
});

function session(changes: Partial<SmtpSession> = {}): SmtpSession {
  return {
    id: "s",
    protocol: "smtp",
    local: { address: "192.0.2.25", port: 25 },
    peer: { address: "2001:db8::1", port: 4000 },
    tls: undefined,
    helo: "client.example",
    isExtended: true,
    identity: undefined,
    ...changes,
  };
}

const tls = { protocol: "TLSv1.3", cipher: "X" } as unknown as NonNullable<SmtpSession["tls"]>;

test("mta.md 20: the keyword after `with` (RFC 3848, RFC 6531)", () => {
  const keyword = (changes: Partial<SmtpSession>, isUtf8 = false): string =>
    withKeyword(session(changes), isUtf8);
  assert.equal(keyword({ isExtended: false }), "SMTP");
  assert.equal(keyword({}), "ESMTP");
  assert.equal(keyword({ tls }), "ESMTPS");
  assert.equal(keyword({ identity: "a" }), "ESMTPA");
  assert.equal(keyword({ tls, identity: "a", protocol: "submission" }), "ESMTPSA");
  assert.equal(keyword({ tls, identity: "a" }, true), "UTF8SMTPSA");
  assert.equal(keyword({ protocol: "lmtp", tls }, true), "UTF8LMTPS");
});

test("Received: the peer's name and words cannot add a field, a comment or another line", () => {
  const field = decodeLatin1(
    receivedField({
      session: session({ helo: "x)\r\nBcc: y (" }),
      peerName: "evil\r\nX: y",
      hostname: "mx.us.test",
      queueId: "id",
      isSmtpUtf8: false,
      recipient: undefined,
      nowMs: 0,
    }),
  );
  assert.equal(
    field,
    "Received: from x???Bcc:?y?? (evil??X:?y [IPv6:2001:db8::1])\r\n" +
      "\tby mx.us.test with ESMTP id id;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n",
  );
});
