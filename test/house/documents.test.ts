import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findStaleNames } from "../../scripts/check-names.ts";

const root = join(import.meta.dirname, "../..");

for (const document of ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md"]) {
  test(`${document} names only what is there`, () => {
    assert.deepEqual(findStaleNames(root, document), []);
  });
}

test("a name that has gone is found", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-names-"));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "page.md"), "See `src/gone.ts` and `src/gone.ts` `Name`.");
  assert.equal(findStaleNames(folder, "page.md").length, 2);
});
