import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeReply, formatReply } from "./reply-encoder.ts";
import { ReplyDecoder } from "./reply-decoder.ts";
import { isPermanent, isPositive, isTransient, type Reply, reply } from "./reply.ts";
import * as replies from "./replies.ts";

/** RFC 5321 §4.2.3 and the extensions' own; nothing else leaves the engine. */
const CODES = new Set([
  220, 221, 235, 250, 252, 354, 421, 451, 452, 454, 500, 501, 502, 503, 504, 530, 535, 538, 550,
  552, 553, 554,
]);

test("K: the engine's own replies: known codes, enhanced codes of the same class, plain words", () => {
  const all: [string, Reply][] = Object.entries(replies);
  assert(all.length > 50);
  for (const [name, answer] of all) {
    assert(CODES.has(answer.code), `${name} ${answer.code}`);
    assert.equal([isPositive, isTransient, isPermanent].filter((is) => is(answer)).length, 1);
    if (answer.enhanced === undefined) {
      assert.equal(answer.code, 354, `${name}: only 354 has no enhanced code`);
    } else {
      assert.equal(answer.enhanced[0], `${answer.code}`[0], name);
      assert.match(answer.enhanced, /^[245]\.[0-7]\.\d{1,2}$/, name);
    }
    assert.match(encodeReply(answer), /^\d{3} [ -~]{5,200}\r\n$/, name);
  }
});

test("A7, K: a reply encoded is read back the same, in pieces of one octet too", () => {
  for (const answer of [
    reply(250, "2.0.0", "Ok: queued as 4f2"),
    reply(550, "5.7.1", "one", "two", ""),
    reply(220, undefined, "mx.example.org ESMTP"),
    reply(250, undefined, "mx", "SIZE 10", "AUTH PLAIN"),
  ]) {
    const octets = Buffer.from(encodeReply(answer));
    for (const step of [1, 3, octets.length]) {
      const decoder = new ReplyDecoder();
      const heard = [];
      for (let at = 0; at < octets.length; at += step) {
        decoder.push(octets.subarray(at, at + step));
        for (let event; (event = decoder.next()) !== undefined;) heard.push(event);
      }
      assert.deepEqual(heard, [{ type: "reply", reply: answer }]);
      assert.equal(decoder.bufferedOctets, 0);
    }
  }
});

test("security row 35: a server's control characters do not get into our logs and reports", () => {
  const decoder = new ReplyDecoder();
  decoder.push(Buffer.from("550 5.1.1 \u001b[31mred\u0007 \u009b \rx\r\n", "utf8"));
  const event = decoder.next();
  assert(event?.type === "reply");
  assert.equal(formatReply(event.reply), "550 5.1.1  [31mred     x");
});
