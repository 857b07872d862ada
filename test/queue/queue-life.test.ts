import { test } from "node:test";
import assert from "node:assert/strict";
import { liveThrough } from "./queue-life.ts";

const MESSAGES = Number(process.env["POSTHORN_LIFE_MESSAGES"] ?? 2000);

test("a backlog over 200 destinations, some slow, some dead: all is delivered once, and fresh mail goes before it", async () => {
  const life = await liveThrough({
    messages: MESSAGES,
    destinations: 200,
    slow: 20,
    dead: 10,
    slowMs: 50,
    fresh: 5,
  });
  assert.equal(life.delivered, (MESSAGES * 190) / 200 + 5);
  assert.equal(life.doubled, 0);
  assert.equal(life.waiting, (MESSAGES * 10) / 200);
  // Told by what went before it, not by the clock: what was under way, on a busy machine for a while.
  for (const { others } of life.fresh) assert.ok(others <= MESSAGES / 2, `after ${others} others`);
});
