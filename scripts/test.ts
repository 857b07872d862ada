/**
 * `npm test`: the whole suite with node's own runner.
 *
 * `src/` tests share processes (quick, and they may not leave state behind), one for each of two
 * cores; then come the tests in `test/`, whole systems, real programs and crashes, one process a file.
 * Closes with one line for all.
 *
 *   npm test                    everything
 *   npm test -- src/smtp        only files whose path contains one of the words
 */

import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const SHARDS = 2;
const root = join(import.meta.dirname, "..");
const { positionals: words } = parseArgs({ allowPositionals: true });

type Group = { readonly name: string; readonly files: string[]; readonly flags: string[] };
type Counts = { pass: number; fail: number; cancelled: number; skipped: number };

function findTests(pattern: string): string[] {
  return globSync(pattern, { cwd: root })
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort();
}

const engines = findTests("src/**/*.test.ts");
const shards: Group[] = Array.from({ length: SHARDS }, (_, shard) => ({
  name: `engines ${shard + 1} of ${SHARDS}`,
  files: engines.filter((_file, index) => index % SHARDS === shard),
  flags: ["--test-isolation=none"],
}));
const systems: Group = {
  name: "systems",
  files: findTests("test/**/*.test.ts"),
  flags: ["--test-concurrency=2"],
};

const startedMs = performance.now();
const results = [...(await Promise.all(shards.map(run))), await run(systems)].flat();
const total = (key: keyof Counts): number =>
  results.reduce((sum, { counts }) => sum + counts[key], 0);
const failed = total("fail") + total("cancelled");
const isBroken = results.some(({ isGood }) => !isGood);

console.log(`\n${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
if (isBroken && failed === 0) console.log("A test process ended badly, see above.");
if (total("pass") + failed === 0) console.log("No test ran.");
console.log(`${total("pass")} passed, ${failed} failed, ${total("skipped")} skipped`);
process.exitCode = isBroken || failed > 0 || total("pass") === 0 ? 1 : 0;

/** Runs a group and prints its report in one piece when it has ended. */
function run(group: Group): Promise<{ counts: Counts; isGood: boolean }[]> {
  if (group.files.length === 0) return Promise.resolve([]);
  const runner = spawn(
    process.execPath,
    [
      "--import",
      join(import.meta.dirname, "blocking-output.ts"),
      "--test",
      "--test-reporter=spec",
      "--test-timeout=300000",
      "--test-force-exit",
      "--disable-warning=ExperimentalWarning",
      ...group.flags,
      ...group.files,
    ],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
      // Threads and processes that tests start need not strip and compile the same files again.
      env: { ...process.env, NODE_COMPILE_CACHE: join(root, "node_modules/.cache/posthorn-test") },
    },
  );
  let report = "";
  runner.stdout.setEncoding("utf8").on("data", (text: string) => (report += text));
  return new Promise((resolve) => {
    runner.on("close", (code, signal) => {
      console.log(`\n== ${group.name}: ${group.files.length} files\n${report}`);
      const counts: Counts = { pass: 0, fail: 0, cancelled: 0, skipped: 0 };
      for (const [, key, count] of report.matchAll(/^ℹ (pass|fail|cancelled|skipped) (\d+)$/gm)) {
        counts[key as keyof Counts] = Number(count);
      }
      if (signal !== null) console.log(`${group.name} was ended by ${signal}`);
      resolve([{ counts, isGood: code === 0 }]);
    });
  });
}
