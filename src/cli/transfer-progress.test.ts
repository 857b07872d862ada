import { test } from "node:test";
import assert from "node:assert/strict";
import { TestClock } from "../base/testing/test-clock.ts";
import { progressLine, TransferProgress } from "./transfer-progress.ts";

const NEWS = {
  mailbox: "IN\x1b[2JBOX",
  doneMessages: 10,
  doneOctets: 1_048_576,
  totalOctets: 4_194_304,
};

test("the line shows share, rate and time left, and nothing a terminal would obey", () => {
  assert.equal(
    progressLine(NEWS, 4000),
    "[======                  ] 25%  10 messages, 1.0 MB, 256 KB/s, 12s left  IN [2JBOX",
  );
  assert.equal(
    progressLine({ ...NEWS, totalOctets: undefined }, 4000),
    "10 messages, 1.0 MB, 256 KB/s  IN [2JBOX",
  );
});

test("it is drawn seldom, wiped at the end, and only on a terminal", async () => {
  const clock = new TestClock(0);
  let drawn = "";
  const terminal = { isTTY: true, columns: 30, write: (text: string) => (drawn += text) };
  const progress = new TransferProgress(clock, terminal);
  for (let n = 0; n < 100; n++) progress.show(NEWS);
  assert.equal(drawn.split("\r").length, 2);
  assert.ok(drawn.length < 40);
  await clock.advance(1000);
  progress.show(NEWS);
  progress.end();
  assert.ok(drawn.endsWith("\r\x1b[K"));
  drawn = "";
  new TransferProgress(clock, { ...terminal, isTTY: false }).show(NEWS);
  assert.equal(drawn, "");
});
