/**
 * `npm test`: the whole suite with node's own runner, in two groups.
 *
 * `src/` tests share one process (quick, and they may not leave state behind); `test/` holds whole
 * systems, real programs and crashes, one process a file. Closes with one line for both.
 *
 *   npm test                    everything
 *   npm test -- src/smtp        only files whose path contains one of the words
 */

import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { parseArgs } from "node:util";

const { positionals: words } = parseArgs({ allowPositionals: true });
const wanted = (file: string): boolean =>
  words.length === 0 || words.some((word) => file.includes(word));

type Group = { readonly name: string; readonly files: string[]; readonly flags: string[] };

const groups: Group[] = [
  {
    name: "engines",
    files: globSync("src/**/*.test.ts").filter(wanted).sort(),
    flags: ["--test-isolation=none"],
  },
  {
    name: "systems",
    files: globSync("test/**/*.test.ts").filter(wanted).sort(),
    flags: ["--test-concurrency=2"],
  },
];

const total = { pass: 0, fail: 0, cancelled: 0, skipped: 0 };
let broken = false;
const startedMs = performance.now();

for (const group of groups.filter(({ files }) => files.length > 0)) {
  console.log(`\n== ${group.name}: ${group.files.length} files`);
  broken = (await run(group)) !== 0 || broken;
}

const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
const failed = total.fail + total.cancelled;
console.log(`\n${seconds} s`);
if (broken && failed === 0)
  console.log("A test process ended badly although no test failed: see above.");
if (total.pass + failed === 0) console.log("No test ran.");
console.log(`${total.pass} passed, ${failed} failed, ${total.skipped} skipped`);
process.exitCode = broken || failed > 0 || total.pass === 0 ? 1 : 0;

function run(group: Group): Promise<number> {
  const runner = spawn(
    process.execPath,
    [
      "--test",
      "--test-reporter=spec",
      "--test-timeout=600000",
      "--test-force-exit",
      "--disable-warning=ExperimentalWarning",
      ...group.flags,
      ...group.files,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let last = "";
  runner.stdout.on("data", (chunk: Buffer) => {
    process.stdout.write(chunk);
    last = (last + chunk.toString()).slice(-100_000);
  });
  return new Promise((resolve) => {
    runner.on("close", (code, signal) => {
      for (const [, key, count] of last.matchAll(/^ℹ (pass|fail|cancelled|skipped) (\d+)$/gm)) {
        total[key as keyof typeof total] += Number(count);
      }
      resolve(signal === null ? (code ?? 1) : 1);
    });
  });
}
