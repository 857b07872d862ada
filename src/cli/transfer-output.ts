/** What import and export say at the end: a table for people, JSON for programs, an exit code for scripts. */

import { counted } from "../base/counted.ts";
import type { TransferReport } from "../transfer/transfer-report.ts";
import { EXIT } from "./exit-codes.ts";
import { harmless, print, printJson, printTable } from "./output.ts";

const SHOWN_PROBLEMS = 20;

export function printTransfer(
  report: TransferReport,
  { isJson, isDryRun }: { readonly isJson: boolean; readonly isDryRun: boolean },
): void {
  if (report.stopped !== undefined) process.exitCode = EXIT.temporary;
  else if (report.problemCount > 0) process.exitCode = EXIT.failed;
  if (isJson) {
    printJson({
      dryRun: isDryRun,
      added: report.total("added"),
      duplicates: report.total("duplicates"),
      skipped: report.total("skipped"),
      flagsChanged: report.total("flagsChanged"),
      mailboxes: report.mailboxes,
      notes: report.notes,
      problemCount: report.problemCount,
      problems: report.problems,
      ...(report.stopped !== undefined && { stopped: report.stopped }),
    });
    return;
  }
  printTable(
    report.mailboxes,
    [
      { title: "FROM", value: ({ from }) => from },
      { title: "TO", value: ({ to }) => to },
      { title: isDryRun ? "WOULD ADD" : "ADDED", value: ({ added }) => added, align: "right" },
      { title: "THERE ALREADY", value: ({ duplicates }) => duplicates, align: "right" },
      { title: "NEW FLAGS", value: ({ flagsChanged }) => flagsChanged, align: "right" },
      { title: "LEFT OUT", value: ({ skipped }) => skipped, align: "right" },
    ],
    "There is no mailbox.",
  );
  for (const note of report.notes) process.stderr.write(`${harmless(note)}\n`);
  for (const { where, problem } of report.problems.slice(0, SHOWN_PROBLEMS)) {
    process.stderr.write(`${harmless(where)}: ${harmless(problem)}\n`);
  }
  if (report.problemCount > SHOWN_PROBLEMS) {
    process.stderr.write(
      `… and ${report.problemCount - SHOWN_PROBLEMS} more; --json shows them.\n`,
    );
  }
  if (report.stopped !== undefined) process.stderr.write(`posthorn: ${report.stopped}\n`);
  const already = report.total("duplicates");
  const verb = isDryRun ? "would be added" : "added";
  print(
    `${counted(report.total("added"), "message")} ${verb}${already > 0 ? `, ${already} ${already === 1 ? "was" : "were"} there already` : ""}.`,
  );
}
