import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionsWithin } from "./connection-budget.ts";

/** Open descriptors of a server that holds no connection: measured 43, with seven listeners. */
const IDLE = 43;

test("connections leave room for what the process itself holds open", () => {
  for (const descriptors of [64, 100, 128, 256]) {
    const most = connectionsWithin(10_000, descriptors);
    assert.ok(most === 1 || most + IDLE + 16 <= descriptors, `${descriptors}: ${most}`);
  }
  assert.equal(
    connectionsWithin(10_000, 64),
    1,
    "too few for a mail server, but it says so itself",
  );
  assert.equal(connectionsWithin(10_000, 65_536), 10_000);
  assert.equal(connectionsWithin(10_000, 1_024), 768);
  assert.equal(connectionsWithin(10, undefined), 10);
});
