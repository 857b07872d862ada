/**
 * A process that runs many `posthorn` command lines, one after the other: a line of JSON in (the
 * words), a line of JSON out (status, stdout, stderr). Saves a test the start of a process for each.
 */

import { createInterface } from "node:readline";
import { runCli } from "../../src/cli/main.ts";

const realWrite = process.stdout.write.bind(process.stdout);

for await (const line of createInterface({ input: process.stdin })) {
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    process[name].write = ((text: string | Uint8Array) => {
      said[name] += typeof text === "string" ? text : Buffer.from(text).toString();
      return true;
    }) as typeof process.stdout.write;
  }
  process.exitCode = 0;
  await runCli(JSON.parse(line) as string[]);
  const status = Number(process.exitCode ?? 0);
  process.exitCode = 0;
  realWrite(`${JSON.stringify({ status, ...said })}\n`);
}
