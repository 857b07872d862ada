/**
 * `npm run build`: the published form in `dist/`, plain JavaScript with declarations beside it.
 * (The checkout runs the sources as they are; Node does not strip types below node_modules.)
 * Types are blanked by Node's own stripper, so lines keep their numbers and stack traces stay true.
 */

import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

/** Every relative path to a source, in an import or a worker's URL, becomes the path of what is made of it. */
function withBuiltPaths(code: string): string {
  return code.replace(/(["'])(\.{1,2}\/[^"'\n]*)\.ts\1/g, "$1$2.js$1");
}

rmSync(dist, { recursive: true, force: true });
const compiled = spawnSync(join(root, "node_modules/.bin/tsc"), ["-b"], {
  cwd: root,
  stdio: "inherit",
});
if (compiled.status !== 0) process.exit(1);

let count = 0;
for (const file of globSync("src/**/*.ts", { cwd: root })) {
  if (/\.(test|suite|d)\.ts$/.test(file)) continue;
  const relative = file.replace(/^src\//, "");
  const target = join(dist, relative.replace(/\.ts$/, ".js"));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(
    target,
    withBuiltPaths(stripTypeScriptTypes(readFileSync(join(root, file), "utf8"))),
  );
  const declaration = join(root, ".tsbuild", relative.replace(/\.ts$/, ".d.ts"));
  writeFileSync(
    target.replace(/\.js$/, ".d.ts"),
    withBuiltPaths(readFileSync(declaration, "utf8")),
  );
  count++;
}
for (const data of globSync("src/**/*.{sql,json,txt}", { cwd: root })) {
  if (data.endsWith("tsconfig.json")) continue;
  cpSync(join(root, data), join(dist, data.replace(/^src\//, "")));
}
console.log(`dist/: ${count} files`);
