/** Where a password comes from: the environment, a command of the person's own, or the person. */

import { spawn } from "node:child_process";
import { MailError } from "../base/errors.ts";

const MAX_OCTETS = 64 * 1024;
const TIMEOUT_MS = 60_000;

/** The first line that `command` prints, as with `pass` and its like. */
export function passwordFromCommand(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", command], {
      stdio: ["inherit", "pipe", "inherit"],
      timeout: TIMEOUT_MS,
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (output.length < MAX_OCTETS) output += text;
    });
    child.on("error", (error) => reject(new MailError("refused", `no password: ${error.message}`)));
    child.on("close", (code) => {
      const [line] = output.split(/\r?\n/);
      if (code === 0 && line !== "") resolve(line);
      else
        reject(
          new MailError("refused", `the password command gave no password (exit code ${code})`),
        );
    });
  });
}
