import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "../..");

test("the examples of docs/library-smtp.md run as they stand there", async () => {
  const page = await readFile(join(root, "docs/library-smtp.md"), "utf8");
  const folder = await mkdtemp(join(tmpdir(), "posthorn-library-"));
  try {
    const files = [...page.matchAll(/```ts\n\/\/ file: (\S+)\n(.*?)```/gs)];
    assert.equal(files.length, 5);
    for (const [, name, code] of files) {
      const entry = JSON.stringify(join(root, "src/smtp/index.ts"));
      await writeFile(join(folder, name), code.replaceAll('"posthorn/smtp"', entry));
    }
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, "main.ts")], {
      timeout: 20_000,
    });
    const [, promised] = /It prints `(.*)`/.exec(page) ?? [];
    assert.equal(stdout.trim(), promised);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
