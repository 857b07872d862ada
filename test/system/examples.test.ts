/** What docs/examples offers is accepted as it stands, and with what is commented out. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makePosthornFolder } from "./posthorn-process.ts";

test("the example of a small server is in order, what is commented out too", async (t) => {
  const folder = await makePosthornFolder(t);
  const source = readFileSync(
    join(import.meta.dirname, "../../docs/examples/posthorn.toml"),
    "utf8",
  );
  const everything = source.replaceAll(/^# (?=\[|\w+ = )/gm, "");
  assert.match(everything, /^\[smarthost\]\nhost = /m);
  for (const text of [source, everything]) {
    writeFileSync(folder.config, text);
    const { stdout, stderr } = await folder.cli("config", "check");
    assert.match(stdout, /is in order/, stderr);
  }
});
