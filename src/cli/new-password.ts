/** Where a new password comes from: standard input, a person at the terminal, or made up and shown once. */

import { text as readAll } from "node:stream/consumers";
import { makePassword } from "../app/password-maker.ts";
import { systemRandom } from "../net/system-random.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";

export type PasswordOptions = { readonly passwordStdin?: boolean; readonly generate?: boolean };

export type NewPassword = { readonly text: string; readonly isMadeUp: boolean };

const LEAST_CHARACTERS = 8;

export async function newPassword(options: PasswordOptions): Promise<NewPassword> {
  if (options.passwordStdin) {
    const given = (await readAll(process.stdin)).replace(/\r?\n$/, "");
    return { text: acceptable(given), isMadeUp: false };
  }
  if (options.generate || !process.stdin.isTTY) {
    return { text: makePassword(systemRandom), isMadeUp: true };
  }
  return { text: await askTwice(), isMadeUp: false };
}

async function askTwice(): Promise<string> {
  const { isCancel, password } = await import("@clack/prompts");
  const ask = async (message: string, wanted?: string): Promise<string> => {
    const answer = await password({
      message,
      validate: (value) =>
        wanted === undefined || value === wanted
          ? problemWith(value ?? "")
          : "That is another one.",
    });
    if (isCancel(answer)) throw new CliError("given up, nothing is changed");
    return answer;
  };
  const first = await ask("New password");
  return ask("Once more", first);
}

function acceptable(text: string): string {
  const problem = problemWith(text);
  if (problem !== undefined) throw new CliError(problem, EXIT.usage);
  return text;
}

function problemWith(text: string): string | undefined {
  if (text.length < LEAST_CHARACTERS)
    return `A password needs at least ${LEAST_CHARACTERS} characters.`;
  // RFC 4616 and RFC 8265: NUL and other controls can't be typed into every program.
  return /[\0-\x1f\x7f]/.test(text) ? "A password can't hold control characters." : undefined;
}
