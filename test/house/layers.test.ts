import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkLayers } from "../../scripts/layers.ts";

const root = join(import.meta.dirname, "../..");

/** A copy of the source tree in which a fault can be planted. */
function copyOfHouse(context: { after(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-house-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(root, "src"), join(folder, "src"), { recursive: true });
  cpSync(join(root, "tsconfig.base.json"), join(folder, "tsconfig.base.json"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

test("the house as it stands keeps its layers and has no cycle", () => {
  assert.deepEqual(checkLayers(root), []);
});

test("a planted upward import is found", (context) => {
  const folder = copyOfHouse(context);
  writeFileSync(
    join(folder, "src/smtp/planted.ts"),
    'import type { Store } from "../store/contract.ts";\nexport type Planted = Store;\n',
  );
  const problems = checkLayers(folder);
  assert.equal(problems.length, 1);
  assert.equal(problems[0].file, "smtp/planted.ts");
  assert.match(problems[0].problem, /imports store\/contract\.ts, but smtp\/ may import only base/);
});

test("the compiler refuses a planted upward import as well", (context) => {
  const folder = copyOfHouse(context);
  mkdirSync(join(folder, "src/base/planted"));
  writeFileSync(
    join(folder, "src/base/planted/upward.ts"),
    'import type { Address } from "../../message/addr-spec.ts";\nexport type Planted = Address;\n',
  );
  const compiled = spawnSync(join(root, "node_modules/.bin/tsc"), ["-b", "src/base"], {
    cwd: folder,
  });
  assert.notEqual(compiled.status, 0);
  assert.match(String(compiled.stdout), /upward\.ts.*TS(6059|6307)/s);
});

test("a planted cycle is found, with its way around", (context) => {
  const folder = copyOfHouse(context);
  writeFileSync(join(folder, "src/base/one.ts"), 'export * from "./two.ts";\n');
  writeFileSync(join(folder, "src/base/two.ts"), 'export * from "./three.ts";\n');
  writeFileSync(join(folder, "src/base/three.ts"), 'export { one } from "./one.ts";\n');
  const problems = checkLayers(folder);
  assert.equal(problems.length, 1);
  assert.match(problems[0].problem, /one\.ts|two\.ts|three\.ts/);
  assert.match(problems[0].problem, /->/);
});

test("a pure layer may not import a node module", (context) => {
  const folder = copyOfHouse(context);
  writeFileSync(
    join(folder, "src/imap/planted.ts"),
    'import { readFileSync } from "node:fs";\nexport { readFileSync };\n',
  );
  const problems = checkLayers(folder);
  assert.deepEqual(
    problems.map(({ file, problem }) => [file, /node:fs.*pure layer/.test(problem)]),
    [["imap/planted.ts", true]],
  );
});
