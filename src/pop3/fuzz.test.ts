import { test } from "node:test";
import { fuzz } from "../../fuzz/pop3.ts";

test("security row 84: 20,000 mutated dialogues in random pieces: no throw, no hang, nothing removed", async () => {
  await fuzz(20_000, 20261124);
});
