/**
 * The command line of sendmail as programs use it. Options without meaning here are taken and
 * forgotten, as every sendmail since has done; options that ask for what we do not do are refused.
 */

import { fault, ok, type Result } from "../base/result.ts";

export type SendmailRequest = {
  /** Deliver what is on standard input, speak SMTP there, show the queue, renew aliases, or try the queue again. */
  readonly mode: "deliver" | "smtp" | "queue" | "aliases" | "flush";
  readonly recipients: readonly string[];
  /** `-t` */
  readonly takesHeaderRecipients: boolean;
  /** `-i`, `-oi`: a line with only a dot does not end the message. */
  readonly ignoresDots: boolean;
  /** `-f`; "" is the null reverse-path. */
  readonly sender: string | undefined;
  /** `-F` */
  readonly fullName: string | undefined;
};

/** Their argument may follow directly or as the next word. */
const WITH_ARGUMENT = "BCDFfhLNOoprRVX";
const BARE = "AGimnstUv";

const MODES: ReadonlyMap<string, SendmailRequest["mode"]> = new Map([
  ["m", "deliver"],
  ["s", "smtp"],
  ["p", "queue"],
  ["i", "aliases"],
]);

type Draft = { -readonly [Key in keyof SendmailRequest]: SendmailRequest[Key] } & {
  recipients: string[];
};

export function parseSendmailArguments(words: readonly string[]): Result<SendmailRequest> {
  const request: Draft = {
    mode: "deliver",
    recipients: [],
    takesHeaderRecipients: false,
    ignoresDots: false,
    sender: undefined,
    fullName: undefined,
  };
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === "--") {
      request.recipients.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      request.recipients.push(word);
      continue;
    }
    const letter = word[1];
    const attached = word.slice(2);
    if (letter === "b") {
      const mode = MODES.get(attached);
      if (mode === undefined)
        return fault(
          `${word}: this sendmail only hands mail over; the server is \`posthorn serve\``,
        );
      request.mode = mode;
    } else if (letter === "q") {
      request.mode = "flush";
    } else if (WITH_ARGUMENT.includes(letter)) {
      const argument = attached === "" ? words[++at] : attached;
      if (argument === undefined) return fault(`-${letter} needs an argument`);
      takeArgument(request, letter, argument);
    } else {
      const unknown = word
        .slice(1)
        .split("")
        .find((one) => !BARE.includes(one));
      if (unknown !== undefined) return fault(`-${unknown}: there is no such option`);
      if (word.includes("t")) request.takesHeaderRecipients = true;
      if (word.includes("i")) request.ignoresDots = true;
    }
  }
  return ok(request);
}

function takeArgument(request: Draft, letter: string, argument: string): void {
  if (letter === "f" || letter === "r") request.sender = argument.replace(/^<(.*)>$/, "$1");
  else if (letter === "F") request.fullName = argument;
  else if (letter === "o" && argument === "i") request.ignoresDots = true;
}
