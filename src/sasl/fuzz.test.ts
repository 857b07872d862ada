import { test } from "node:test";
import { fuzz } from "../../fuzz/sasl.ts";

test("security row 36: 20,000 hostile exchanges, each mechanism, aborted at any step", async () => {
  await fuzz(20_000, 20261124);
});
