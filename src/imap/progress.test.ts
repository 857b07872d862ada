import { test } from "node:test";
import assert from "node:assert/strict";
import { decodeLatin1 } from "../base/bytes.ts";
import { TestClock } from "../base/testing/test-clock.ts";
import { Progress } from "./progress.ts";
import { ResponseWriter } from "./wire/response-writer.ts";

function makeProgress(): { clock: TestClock; progress: Progress; sent: string[] } {
  const sent: string[] = [];
  const out = new ResponseWriter(async (octets) => void sent.push(decodeLatin1(octets)));
  const clock = new TestClock();
  return { clock, sent, progress: new Progress(clock, out, { tag: "a1", intervalMs: 10_000 }) };
}

test("RFC 9585: said at most every interval, with what is done and what there is", async () => {
  const { clock, progress, sent } = makeProgress();
  await progress.report(5, 100);
  await clock.advance(9_999);
  await progress.report(10, 100);
  assert.deepEqual(sent, []);
  await clock.advance(1);
  await progress.report(20, 100);
  await progress.report(30, 100);
  assert.deepEqual(sent, ['* OK [INPROGRESS ("a1" 20 100)] Still at it\r\n']);
});

test("RFC 9585: one long step is spoken of until it ends", async () => {
  const { clock, progress, sent } = makeProgress();
  progress.start();
  await clock.advance(25_000);
  progress.stop();
  await clock.advance(25_000);
  assert.equal(sent.length, 2);
  assert.equal(sent[0], '* OK [INPROGRESS ("a1" NIL NIL)] Still at it\r\n');
});
