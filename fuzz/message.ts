/**
 * Fuzz of the message codec: mutated messages go through everything that reads mail. Nothing may
 * throw; ENVELOPE and BODYSTRUCTURE must keep to their grammar; parts must lie within one another
 * and their stored form must come back; and no input may take much longer than its octets warrant.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SeededRandom } from "../src/base/testing/seeded-random.ts";
import { compose } from "../src/message/compose.ts";
import { bodyOctets, bodyText } from "../src/message/decode-body.ts";
import { fileName } from "../src/message/file-name.ts";
import { fieldText } from "../src/message/header.ts";
import { bodyStructure } from "../src/message/imap-view/body-structure.ts";
import { envelope } from "../src/message/imap-view/envelope.ts";
import { findSection, selectHeaderFields } from "../src/message/imap-view/section.ts";
import {
  decodeStructure,
  encodeStructure,
  type StoredPart,
} from "../src/message/imap-view/stored-structure.ts";
import { lint } from "../src/message/lint/lint.ts";
import { parseReceived } from "../src/message/received.ts";
import { parseAuthenticationResults } from "../src/message/authentication-results.ts";
import { parseMessage } from "../src/message/parse.ts";
import { type ParsedMessage, partsOf } from "../src/message/part.ts";
import { preview } from "../src/message/preview.ts";
import { forward, reply } from "../src/message/reply.ts";
import { parseArf } from "../src/message/report/arf.ts";
import { parseDsn } from "../src/message/report/dsn.ts";
import { parseMdn } from "../src/message/report/mdn.ts";
import {
  checkBodyStructure,
  checkEnvelope,
  readImapValue,
} from "../src/message/testing/imap-grammar.ts";
import { RFC_EXAMPLES } from "../src/message/testing/rfc-examples.ts";
import { sortKey, threadKey } from "../src/message/thread-key.ts";
import { findUuencoded } from "../src/message/uuencode.ts";

/** Octets that mean something somewhere. */
const TOKENS: readonly string[] = [
  // Longer than a line may be, than a type, than an identifier.
  "x".repeat(1100),
  "\u00c3\u00a9".repeat(400),
  "y".repeat(130),
  "\r\n",
  "\n",
  "\r",
  "\r\n\r\n",
  "\0",
  " ",
  "\t",
  "--",
  "--b",
  "--b--",
  ":",
  ";",
  ",",
  "<",
  ">",
  "@",
  "(",
  ")",
  "\\",
  '"',
  "[",
  "]",
  "=",
  "=?",
  "?=",
  "=?utf-8?Q?",
  "=?utf-8?B?",
  "=?iso-2022-jp?B?GyRC",
  "=C3",
  "=\r\n",
  "\u00ff",
  "\u00c3\u00bc",
  "\u00e9",
  "multipart/mixed; boundary=b",
  "message/rfc822",
  "message/delivery-status",
  "text/html; charset=utf-7",
  "text/plain; format=flowed",
  "Content-Type: ",
  "Content-Transfer-Encoding: base64\r\n",
  "Content-Transfer-Encoding: quoted-printable\r\n",
  "Content-Transfer-Encoding: x-uuencode\r\n",
  "Content-Disposition: attachment; filename*0*=utf-8''%C3; filename*1=x\r\n",
  "From: ",
  "To: a:b@c;,",
  "Date: ",
  "Subject: Re: [x] ",
  "References: <a@b> ",
  'Message-ID: <"a"@b>',
  "List-Post: <mailto:a@b>",
  "Received: from a by b; ",
  "__proto__: ",
  "constructor=",
  "begin 644 a\r\n",
  "<div>",
  "<!--",
  "<style>",
  "&amp;",
  "&#x",
  "> ",
  "-- \r\n",
  "boundary=",
  "charset=",
  "\u00e2\u0080\u00ae",
];

export function seeds(): Uint8Array[] {
  const samples = join(import.meta.dirname, "../test/corpus-samples");
  const files = ["broken", "valid"].flatMap((folder) =>
    readdirSync(join(samples, folder))
      .sort()
      .map((name) => new Uint8Array(readFileSync(join(samples, folder, name)))),
  );
  return [...RFC_EXAMPLES.values(), ...files];
}

const MAX_OCTETS = 12_000;

/** A message with one to eight changes: octets changed, cut, doubled, moved, or taken from another message. */
export function mutate(random: SeededRandom, pool: readonly Uint8Array[]): Buffer {
  const below = (limit: number): number => Math.floor(random.float() * limit);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)];
  let data: Buffer = Buffer.from(pick(pool));
  for (let count = 1 + below(8); count > 0; count--) {
    const at = below(data.length + 1);
    const length = below(Math.min(200, data.length - at + 1));
    const head = data.subarray(0, at);
    const tail = data.subarray(at);
    const kind = below(8);
    if (kind <= 2) data = Buffer.concat([head, Buffer.from(pick(TOKENS), "latin1"), tail]);
    else if (kind === 3) data = Buffer.concat([head, data.subarray(at + length)]);
    else if (kind === 4)
      data = Buffer.concat([
        head,
        ...Array.from({ length: 1 + below(20) }, () => data.subarray(at, at + length)),
        tail,
      ]);
    else if (kind === 5 && at < data.length) data[at] = below(256);
    else if (kind === 6) {
      const other = pick(pool);
      const from = below(other.length);
      data = Buffer.concat([head, other.subarray(from, from + below(500)), tail]);
    } else if (kind === 7)
      data = Buffer.concat([head, Buffer.from(pick(TOKENS).repeat(1 + below(50)), "latin1"), tail]);
    if (data.length > MAX_OCTETS) data = data.subarray(0, MAX_OCTETS);
  }
  return data;
}

/** What every delivery does, checked. */
export function checkViews(octets: Uint8Array): ParsedMessage {
  const parsed = parseMessage(octets);
  checkEnvelope(readImapValue(envelope(parsed)));
  checkBodyStructure(readImapValue(bodyStructure(parsed, true)), true);
  checkBodyStructure(readImapValue(bodyStructure(parsed, false)), false);
  const stored = decodeStructure(encodeStructure(parsed));
  assert.equal(stored.end, octets.length);
  checkNesting(stored);
  return parsed;
}

function checkNesting(part: StoredPart): void {
  assert.ok(
    part.start <= part.bodyStart && part.bodyStart <= part.end,
    "a part's ranges are in order",
  );
  let at = part.bodyStart;
  for (const child of part.children) {
    assert.ok(
      child.start >= at && child.end <= part.end,
      "parts lie within their parent, in order",
    );
    at = child.end;
    checkNesting(child);
  }
}

/** What mail programs, lists and people do with a message. */
export function checkReading(parsed: ParsedMessage): void {
  const { octets, root } = parsed;
  for (const part of partsOf(root)) {
    bodyOctets(octets, part);
    if (part.type === "text") bodyText(octets, part);
    assert.doesNotMatch(fileName(part) ?? "", /[\u0000-\u001f/\\\u202a-\u202e]/);
    for (const field of part.header.fields) {
      const text = fieldText(octets, field);
      assert.doesNotMatch(text, /[\r\n\0]/);
      parseReceived(text);
      parseAuthenticationResults(text);
    }
  }
  assert.ok([...preview(parsed)].length <= 200);
  threadKey(octets, root.header);
  sortKey(octets, root.header);
  parseDsn(parsed);
  parseMdn(parsed);
  parseArf(parsed);
  findUuencoded(octets);
  selectHeaderFields(octets, ["subject", "from"], { not: true });
  findSection(decodeStructure(encodeStructure(parsed)), [1, 1]);
  let at = 0;
  for (const finding of lint(octets)) {
    assert.ok(finding.at >= at && finding.at <= octets.length);
    at = finding.at;
  }
  const me = { address: { localPart: "me", domain: "example.org" } };
  for (const to of ["all", "list"] as const)
    checkViews(compose(reply(parsed, { from: me, to, dateMs: 0 })));
  for (const how of ["inline", "attached"] as const)
    checkViews(compose(forward(parsed, { from: me, to: [me], how, dateMs: 0 })));
}

/** Generous for a busy machine, and far below what one step of quadratic work costs. */
const MAX_MS = 2000;

export function fuzz(iterations: number, seed: number): void {
  const random = new SeededRandom(seed);
  const pool = seeds();
  for (let index = 0; index < iterations; index++) {
    const octets = mutate(random, pool);
    const started = performance.now();
    try {
      const parsed = checkViews(octets);
      if (index % 25 === 0) checkReading(parsed);
    } catch (error) {
      throw new Error(`input ${index} of seed ${seed}, in base64: ${octets.toString("base64")}`, {
        cause: error,
      });
    }
    const elapsedMs = performance.now() - started;
    assert.ok(
      elapsedMs < MAX_MS,
      `input ${index} of seed ${seed} took ${elapsedMs} ms for ${octets.length} octets`,
    );
    // New ground for later mutations, bounded.
    if (index % 50 === 0 && octets.length < 5000)
      pool[
        index % 3 === 0 && pool.length < 500
          ? pool.length
          : Math.floor(random.float() * pool.length)
      ] = octets;
  }
}
