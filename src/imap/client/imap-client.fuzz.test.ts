import { test } from "node:test";
import { fuzz } from "../../../fuzz/imap-client.ts";

test("security row 84: whatever a server sends, at any cut, neither throws nor hangs", () => {
  fuzz(20_000, 1);
});
