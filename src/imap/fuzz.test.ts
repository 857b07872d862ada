import { test } from "node:test";
import { fuzz } from "../../fuzz/imap.ts";

test("security row 84: fuzz of the command parser, 20,000 inputs", () => {
  fuzz(20_000, 1);
});
