/**
 * Fuzz of the IMAP client's side of the wire: whatever a server sends, the decoder and the parser
 * neither throw nor hang, hold no more than their limits, and say the same at every cut.
 */

import assert from "node:assert/strict";
import { encodeLatin1 } from "../src/base/bytes.ts";
import { SeededRandom } from "../src/base/testing/seeded-random.ts";
import { parseResponse } from "../src/imap/client/parse-response.ts";
import { readFetch } from "../src/imap/client/read-fetch.ts";
import { MailboxListing } from "../src/imap/client/mailbox-listing.ts";
import { ResponseDecoder } from "../src/imap/client/response-decoder.ts";

const PIECES = [
  "* ",
  "+ ",
  "a1 ",
  "OK",
  "NO",
  "BAD",
  "BYE",
  "PREAUTH",
  " ",
  "\r\n",
  "\r",
  "\n",
  "\0",
  "(",
  ")",
  "[",
  "]",
  '"',
  "\\",
  "{3}\r\n",
  "{0}\r\n",
  "{5",
  "}\r\n",
  "~{2}\r\n",
  "{99999}\r\n",
  "abc",
  "1",
  "4294967295",
  "NIL",
  "FETCH",
  "LIST",
  "STATUS",
  "SEARCH",
  "FLAGS",
  "UID",
  "BODY[]",
  "BODY[HEADER.FIELDS (A)]<0>",
  "BODYSTRUCTURE",
  "ENVELOPE",
  "RFC822.SIZE",
  "INTERNALDATE",
  '"17-Jul-1996 02:44:25 -0700"',
  "COPYUID",
  "1:4",
  "\x80\xff",
  "((((",
  "))))",
  '("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 1)',
  '("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 1 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) (',
  "__proto__",
  "&AGE-",
  "&",
];

const LIMITS = { lineOctets: 400, literalOctets: 200, responseOctets: 500 };

function sayings(octets: Uint8Array, cuts: () => number, streamOver: number): string[] {
  const decoder = new ResponseDecoder(LIMITS);
  decoder.streamOverOctets = streamOver;
  const said: string[] = [];
  let pieces = 0;
  for (let at = 0; at < octets.length;) {
    const length = cuts();
    decoder.push(octets.slice(at, at + length));
    at += length;
    for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
      if (event.type === "fault") return [...said, event.problem];
      if (event.type === "piece") pieces += event.octets.length;
      else if (event.type === "literal") said.push(`literal ${event.sizeOctets} ${event.head}`);
      else said.push(`${pieces} ${describe(event.octets)}`);
    }
    assert.ok(decoder.heldOctets <= LIMITS.responseOctets + LIMITS.lineOctets + length);
  }
  return said;
}

function describe(octets: Uint8Array): string {
  const result = parseResponse(octets);
  if (!result.ok) return result.problem;
  const response = result.value;
  if (response.type !== "data") return JSON.stringify(response);
  const listing = new MailboxListing();
  listing.take(response);
  return JSON.stringify([response, readFetch(response), listing.mailboxes()]);
}

export function fuzz(iterations: number, seed: number): void {
  const random = new SeededRandom(seed);
  const upTo = (limit: number): number => Math.floor(random.float() * limit);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const length = 1 + upTo(30);
    const text = Array.from({ length }, () => PIECES[upTo(PIECES.length)]).join("");
    const octets = encodeLatin1(text);
    const streamOver = random.float() < 0.3 ? upTo(4) : Number.POSITIVE_INFINITY;
    const whole = sayings(octets, () => octets.length, streamOver);
    const single = sayings(octets, () => 1, streamOver);
    const cut = sayings(octets, () => 1 + upTo(9), streamOver);
    assert.deepEqual(single, whole, JSON.stringify(text));
    assert.deepEqual(cut, whole, JSON.stringify(text));
  }
}
