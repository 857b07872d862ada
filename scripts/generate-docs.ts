/**
 * `node scripts/generate-docs.ts`: writes the documents that are made of code. With `--check` it
 * changes nothing and ends with 1 if one of them is not what the code says.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configDocument } from "../src/app/config/config-document.ts";

const documents: ReadonlyMap<string, () => string> = new Map([["docs/config.md", configDocument]]);

for (const [name, make] of documents) {
  const path = join(import.meta.dirname, "..", name);
  const text = make();
  if (!process.argv.includes("--check")) {
    writeFileSync(path, text);
  } else if (readFileSync(path, "utf8") !== text) {
    console.log(`${name} differs from the code: node scripts/generate-docs.ts`);
    process.exitCode = 1;
  }
}
