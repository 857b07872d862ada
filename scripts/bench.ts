/**
 * `npm run bench [-- NAME…]`: the benchmarks in `bench/`, one after the other; with names only
 * those whose names begin so, or are exactly so. `--messages N` sets the
 * size of mailboxes, `--seconds N` how long hostile clients go on. Each prints its own table. Figures of one machine at one time: compare ratios, not numbers.
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const folder = join(import.meta.dirname, "../bench");
const known = readdirSync(folder)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3))
  .sort();
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { messages: { type: "string" }, seconds: { type: "string" } },
});
if (values.messages !== undefined) process.env.POSTHORN_BENCH_MESSAGES = values.messages;
if (values.seconds !== undefined) process.env.POSTHORN_HOSTILE_SECONDS = values.seconds;
const isWanted = (bench: string, name: string): boolean =>
  known.includes(name) ? bench === name : bench.startsWith(name);
const unknown = positionals.filter((name) => !known.some((bench) => isWanted(bench, name)));

if (unknown.length > 0) {
  console.error(`No benchmark named ${unknown.join(", ")}. There are: ${known.join(", ")}`);
  process.exitCode = 2;
} else {
  for (const name of known) {
    if (positionals.length > 0 && !positionals.some((wanted) => isWanted(name, wanted))) continue;
    console.log(`\n== ${name}`);
    const bench = (await import(join(folder, `${name}.ts`))) as { run(): Promise<void> };
    await bench.run();
  }
}
