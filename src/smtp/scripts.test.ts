import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runDialogue } from "./testing/dialogue.ts";

const folder = join(import.meta.dirname, "../../test/scripts");

for (const file of readdirSync(folder).filter((name) => name.endsWith(".smtp"))) {
  const script = readFileSync(join(folder, file), "utf8");
  test(`script ${file}, whole and cut in 1, 2, 3 and 7 octets`, async () => {
    const whole = await runDialogue(script);
    assert.deepEqual(whole.problems, []);
    for (const chunkOctets of [1, 2, 3, 7]) {
      const cut = await runDialogue(script, { chunkOctets });
      assert.deepEqual(cut, whole, `cut in ${chunkOctets}`);
    }
  });
}
