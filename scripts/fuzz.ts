/**
 * `npm run fuzz [-- NAME] [--iterations N] [--seed N]`: the long form of the fuzzers in `fuzz/`
 * (the test suite runs each for 20,000 inputs). A failure names the seed that repeats it.
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const folder = join(import.meta.dirname, "../fuzz");
const known = readdirSync(folder)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3))
  .sort();
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    iterations: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const names = positionals.length > 0 ? positionals : known;
const unknown = names.filter((name) => !known.includes(name));

if (unknown.length > 0) {
  console.error(`No fuzzer named ${unknown.join(", ")}. There are: ${known.join(", ")}`);
  process.exitCode = 2;
} else {
  for (const name of names) {
    const iterations = Number(values.iterations);
    const seed = Number(values.seed);
    console.log(`fuzz ${name}: ${iterations} inputs, seed ${seed}`);
    const fuzzer = (await import(join(folder, `${name}.ts`))) as {
      fuzz(iterations: number, seed: number): Promise<void> | void;
    };
    const startedMs = performance.now();
    await fuzzer.fuzz(iterations, seed);
    console.log(
      `fuzz ${name}: nothing found in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`,
    );
  }
}
