/** `posthorn doctor`: looks for what is wrong; changes nothing unless told to repair. */

import type { Command } from "commander";
import { checkConfig } from "../app/check-config.ts";
import type { StoreProblem } from "../store/contract.ts";
import { EXIT } from "./exit-codes.ts";
import { print, printJson, printTable } from "./output.ts";
import { configOf, withStore } from "./with-store.ts";

const EXAMPLES = `
Examples:
  $ posthorn doctor store             every message against its row
  $ posthorn doctor store --repair    and put in order what can be; the server must be stopped
  $ posthorn doctor config            settings, certificates, tables, programs
`;

export function addDoctorCommand(program: Command): void {
  const doctor = program
    .command("doctor")
    .description("check the store and the configuration; exit code 1 when something is wrong")
    .addHelpText("after", EXAMPLES);
  doctor
    .command("store")
    .description("compare every row of the store with its octets, and every counter with its rows")
    .option("--repair", "put it in order; what cannot be kept goes into lost/ in the data folder")
    .option("--json", "as JSON")
    .action(async (options: { repair?: boolean; json?: boolean }, command: Command) => {
      const progress = options.json || !process.stderr.isTTY ? undefined : showProgress;
      const found = await withStore(command, async (store) =>
        options.repair
          ? await store.repair(progress)
          : { done: [], after: await store.check(progress) },
      );
      if (progress !== undefined) process.stderr.write("\r\x1b[K");
      if (options.json) printJson(options.repair ? found : found.after);
      else {
        for (const sentence of found.done) print(sentence);
        printProblems(found.after);
      }
      if (found.after.length > 0) process.exitCode = EXIT.failed;
    });
  doctor
    .command("config")
    .description("settings, certificates, alias files, tables and programs")
    .option("--json", "as JSON")
    .action(async (options: { json?: boolean }, command: Command) => {
      const found = configOf(command);
      const remarks = await checkConfig(found, Date.now());
      if (options.json) printJson(remarks);
      else if (remarks.length === 0) print("The configuration is in order.");
      else
        for (const { level, text } of remarks)
          print(`${level === "wrong" ? "wrong  " : "note   "}${text}`);
      if (remarks.some(({ level }) => level === "wrong")) process.exitCode = EXIT.failed;
    });
}

function printProblems(problems: readonly StoreProblem[]): void {
  printTable(
    problems,
    [
      { title: "KIND", value: (row) => row.kind },
      { title: "WHERE", value: (row) => row.where },
      { title: "PROBLEM", value: (row) => row.problem },
    ],
    "The store is in order.",
  );
}

let lastShown = 0;

function showProgress(done: number, total: number): void {
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
  if (percent === lastShown) return;
  lastShown = percent;
  process.stderr.write(`\rchecked ${done} of ${total} (${percent} %)`);
}
