/**
 * What the end of a delivery command means (sysexits.h, as sendmail and Postfix read it). A status
 * `X.Y.Z` at the beginning of its output says it better than the exit code.
 */

import type { CommandEnd } from "../../../base/commands.ts";
import { deferredHere, failedHere, type HereVerdict } from "../here/local-outcome.ts";

const EXITS: ReadonlyMap<number, { readonly status: string; readonly text: string }> = new Map([
  [64, { status: "5.5.4", text: "was called wrongly" }],
  [65, { status: "5.6.0", text: "cannot use the message" }],
  [66, { status: "5.3.0", text: "lacks a file" }],
  [67, { status: "5.1.1", text: "knows no such user" }],
  [68, { status: "5.1.2", text: "knows no such host" }],
  [69, { status: "5.3.0", text: "lacks a service" }],
  [70, { status: "5.3.0", text: "has found a fault in itself" }],
  [71, { status: "4.3.0", text: "has met a fault of the system" }],
  [72, { status: "5.3.0", text: "lacks a file of the system" }],
  [73, { status: "5.2.0", text: "cannot make its file" }],
  [74, { status: "4.3.0", text: "has met a fault of reading or writing" }],
  [75, { status: "4.3.0", text: "asks to be tried again later" }],
  [76, { status: "5.5.0", text: "was answered wrongly" }],
  [77, { status: "5.7.0", text: "lacks a permission" }],
  [78, { status: "5.3.5", text: "is set up wrongly" }],
  // What prlimit(1) and shells say of a program they cannot start: the operator's to mend.
  [126, { status: "4.3.5", text: "cannot be executed" }],
  [127, { status: "4.3.5", text: "was not found" }],
]);

export function verdictOf(end: CommandEnd): HereVerdict {
  const said = firstLine(end.output);
  const diagnostic = said === "" ? {} : { diagnostic: said };
  if (end.hasTimedOut) return deferredHere("4.3.0", "The command took too long and was ended.");
  if (end.exitCode === undefined) {
    return { ...deferredHere("4.3.0", `Signal ${end.signal} ended the command.`), ...diagnostic };
  }
  if (end.exitCode === 0) {
    return { kind: "delivered", status: "2.0.0", problem: "delivered to the command" };
  }
  const named = /^([45])\.\d{1,3}\.\d{1,3}(?=\s|$)/.exec(said);
  const known = EXITS.get(end.exitCode) ?? {
    status: "5.3.0",
    text: `ended with the code ${end.exitCode}`,
  };
  const status = named?.[0] ?? known.status;
  const words = said.slice(named?.[0].length ?? 0).trim();
  const problem = words === "" ? `The command ${known.text}.` : `The command said: ${words}`;
  const verdict = status.startsWith("4") ? deferredHere : failedHere;
  return { ...verdict(status, problem), ...diagnostic };
}

/** It may quote what a stranger wrote: printable ASCII, and not much of it. */
function firstLine(output: string): string {
  const [line = ""] = output.trimStart().split(/[\r\n]/, 1);
  return line
    .replace(/[^ -~]/g, "?")
    .slice(0, 300)
    .trim();
}
