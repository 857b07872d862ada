import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import type * as messageEntry from "../../src/message/index.ts";
import { run } from "../interop/peers.ts";

const root = join(import.meta.dirname, "../..");

test("the published package: plain JavaScript whose public entries load and work", async () => {
  const built = await run(process.execPath, [join(root, "scripts/build.ts")], {
    timeoutMs: 180_000,
  });
  assert.equal(built.status, 0, built.stdout + built.stderr);
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, { types: string; default: string }>;
  };
  for (const entry of Object.values(exports))
    assert.ok(existsSync(join(root, entry.types)), entry.types);
  const { parseMessage } = (await import(
    pathToFileURL(join(root, exports["./message"].default)).href
  )) as typeof messageEntry;
  const parsed = parseMessage(
    Buffer.from("Subject: x\r\nContent-Type: text/plain\r\n\r\ntext\r\n"),
  );
  assert.equal(parsed.root.subtype.toLowerCase(), "plain");
  await import(pathToFileURL(join(root, exports["./smtp"].default)).href);
});
