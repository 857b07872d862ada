import { test } from "node:test";
import { fuzz } from "../../fuzz/mta-texts.ts";

test("fuzz: alias files and header sections, 20,000 of each", () => {
  fuzz(20_000, 1);
});
