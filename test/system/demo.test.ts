import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../interop/peers.ts";

test("the demonstration: two hosts and a zone, every recipient ends where it should, once", async () => {
  const demo = join(import.meta.dirname, "../../scripts/demo.ts");
  const shown = await run(process.execPath, [demo], { timeoutMs: 120_000 });
  assert.equal(shown.status, 0, shown.stdout + shown.stderr);
  assert.match(shown.stdout, /Every recipient ended where it should, once\./);
});
