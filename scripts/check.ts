/**
 * `npm run check`: everything that can be found without running the product. Runs all, then says
 * which failed: types of the layers, types of the tests, layers and cycles, lint, format, and
 * generated documents that differ from their source.
 */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { checkLayers } from "./layers.ts";

const root = join(import.meta.dirname, "..");

function command(name: string, ...args: string[]): boolean {
  const bin = join(root, "node_modules/.bin", name);
  return spawnSync(bin, args, { cwd: root, stdio: "inherit" }).status === 0;
}

const checks: readonly { readonly name: string; readonly run: () => boolean }[] = [
  { name: "types of the layers", run: () => command("tsc", "-b") },
  { name: "types of the tests", run: () => command("tsc", "-p", "tsconfig.test.json") },
  {
    name: "layers and cycles",
    run: () => {
      const problems = checkLayers(root);
      for (const { file, problem } of problems) console.log(`src/${file}: ${problem}`);
      return problems.length === 0;
    },
  },
  { name: "lint", run: () => command("oxlint", "--type-aware", "--deny-warnings") },
  { name: "format", run: () => command("oxfmt", "--check", ".") },
  {
    name: "generated documents",
    run: () => command("node", "scripts/generate-docs.ts", "--check"),
  },
];

const failed: string[] = [];
for (const { name, run } of checks) {
  const good = run();
  console.log(`${good ? "ok    " : "FAILED"} ${name}`);
  if (!good) failed.push(name);
}
if (failed.length > 0) {
  console.log(`\nFailed: ${failed.join(", ")}. \`npm run format\` mends the format.`);
  process.exitCode = 1;
}
