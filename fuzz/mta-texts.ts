/**
 * Fuzz of what the transfer agent reads beside the protocol: alias files and header sections.
 * Nothing throws, nothing hangs, and a completed submission has what it needs and no Bcc.
 */

import assert from "node:assert/strict";
import { encodeUtf8 } from "../src/base/bytes.ts";
import { SeededRandom } from "../src/base/testing/seeded-random.ts";
import { findField, parseHeader } from "../src/message/header.ts";
import { parseAliasFile } from "../src/mta/aliases/parse-alias-file.ts";
import { completeSubmission } from "../src/mta/reception/complete-submission.ts";
import { traceFacts } from "../src/mta/reception/trace-facts.ts";

const ALIAS_PIECES = ['"', "\\", ":", ",", "(", ")", "\n", " ", "\t", "|", "/", "a", "@b.c", "#"];
ALIAS_PIECES.push(":include:", "<", ">", "~", "\r", "\0", "ü", ":blackhole:", "owner-a");

const HEADER_PIECES = ["\r\n", "\r\n ", "\r\n\t", ":", "Bcc:", "Date: x", "Message-ID: <a>", "a"];
HEADER_PIECES.push("Received: b", "Delivered-To: <", "List-Id: <", ">", "\0", "é", "--", "From ");

export function fuzz(iterations: number, seed: number): void {
  const random = new SeededRandom(seed);
  const glue = (pieces: readonly string[]): string => {
    let text = "";
    const count = Math.floor(random.float() * 30);
    for (let n = 0; n < count; n++) text += pieces[Math.floor(random.float() * pieces.length)];
    return text;
  };
  const completion = { nowMs: 0, makeMessageId: () => "<id@us.test>" };
  for (let round = 0; round < iterations; round++) {
    parseAliasFile(glue(ALIAS_PIECES));
    const header = encodeUtf8(`${glue(HEADER_PIECES)}\r\n\r\n`);
    traceFacts(header);
    const once = completeSubmission(header, completion);
    const section = parseHeader(once);
    for (const key of ["date", "message-id"]) {
      assert.ok(findField(section, key) !== undefined, `round ${round}: no ${key}`);
    }
    assert.ok(findField(section, "bcc") === undefined, `round ${round}: bcc`);
  }
}
