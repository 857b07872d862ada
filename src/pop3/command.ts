/** POP3 commands as values (RFC 1939 §3, RFC 2449, RFC 2595, RFC 5034, RFC 6856), and their grammar. */

import { decodeLatin1, decodeUtf8Strict } from "../base/bytes.ts";
import { fault, ok, type Result } from "../base/result.ts";

/** Before login. */
export type LoginCommand =
  | { readonly verb: "USER"; readonly name: string }
  | { readonly verb: "PASS"; readonly password: string }
  | { readonly verb: "APOP"; readonly name: string; readonly digest: string }
  /** Without a mechanism: list them, as servers did before CAPA. */
  | { readonly verb: "AUTH"; readonly mechanism?: string; readonly initial?: string }
  | { readonly verb: "STLS" }
  | { readonly verb: "UTF8" };

/** With a maildrop open. */
export type MaildropCommand =
  | { readonly verb: "LIST"; readonly message?: number }
  | { readonly verb: "UIDL"; readonly message?: number }
  | { readonly verb: "RETR"; readonly message: number }
  | { readonly verb: "DELE"; readonly message: number }
  | { readonly verb: "TOP"; readonly message: number; readonly lines: number }
  | { readonly verb: "NOOP" }
  | { readonly verb: "STAT" }
  | { readonly verb: "RSET" };

export type Pop3Command =
  | LoginCommand
  | MaildropCommand
  | { readonly verb: "LANG"; readonly language?: string }
  | { readonly verb: "CAPA" }
  | { readonly verb: "QUIT" };

export type Verb = Pop3Command["verb"];

/** RFC 2449 §4 allows 255 octets; names and passwords may be longer than it thought. */
export const MAX_COMMAND_OCTETS = 5_000;

type Parse = (argument: string, verb: Verb) => Result<Pop3Command>;

/** `argument` is what follows the verb and one space, or "" where there is nothing. */
const GRAMMAR: Readonly<Record<Verb, Parse>> = {
  USER: (argument) => {
    const name = argument.trimEnd();
    return name === "" ? fault("USER needs a name") : ok({ verb: "USER", name });
  },
  // RFC 1939 §7: the password is the rest of the line, spaces and all.
  PASS: (argument) =>
    argument === "" ? fault("PASS needs a password") : ok({ verb: "PASS", password: argument }),
  APOP: (argument) => {
    const match = /^(.+) ([0-9a-f]{32})$/i.exec(argument.trimEnd());
    return match === null
      ? fault("APOP needs a name and a digest")
      : ok({ verb: "APOP", name: match[1], digest: match[2].toLowerCase() });
  },
  AUTH: (argument) => {
    const [mechanism, initial, ...more] = argument.trimEnd().split(" ");
    if (more.length > 0) return fault("AUTH takes a mechanism and one initial response");
    if (mechanism === "") return ok({ verb: "AUTH" });
    return ok({ verb: "AUTH", mechanism: mechanism.toUpperCase(), initial });
  },
  LIST: optionalNumber,
  UIDL: optionalNumber,
  RETR: oneNumber,
  DELE: oneNumber,
  TOP: (argument) => {
    const numbers = parseNumbers(argument);
    return numbers?.length === 2
      ? ok({ verb: "TOP", message: numbers[0], lines: numbers[1] })
      : fault("TOP needs a message number and a number of lines");
  },
  LANG: (argument) => {
    const language = argument.trim();
    return ok(language === "" ? { verb: "LANG" } : { verb: "LANG", language });
  },
  CAPA: nothing,
  STLS: nothing,
  UTF8: nothing,
  QUIT: nothing,
  NOOP: nothing,
  STAT: nothing,
  RSET: nothing,
};

const PARSERS: ReadonlyMap<string, Parse> = new Map(Object.entries(GRAMMAR));

/** `line` is without its CRLF. A fault's sentence is fit for the client and repeats nothing it sent. */
export function parseCommand(line: Uint8Array): Result<Pop3Command> {
  const space = line.indexOf(32);
  const verbEnd = space === -1 ? line.length : space;
  if (verbEnd === 0 || verbEnd > 8) return fault("unknown command");
  const verb = decodeLatin1(line, 0, verbEnd).toUpperCase();
  const parse = PARSERS.get(verb);
  if (parse === undefined) return fault("unknown command");
  // RFC 5034 §4: with AUTH an initial response may make the line longer.
  if (verb !== "AUTH" && line.length > MAX_COMMAND_OCTETS) return fault("line too long");
  const argument = decodeUtf8Strict(line.subarray(Math.min(verbEnd + 1, line.length)));
  if (argument === undefined) return fault("the argument is not UTF-8", verbEnd + 1);
  return parse(argument, verb as Verb);
}

function nothing(argument: string, verb: Verb): Result<Pop3Command> {
  return argument.trim() === "" ? ok({ verb: verb as "NOOP" }) : fault(`${verb} takes no argument`);
}

function oneNumber(argument: string, verb: Verb): Result<Pop3Command> {
  const numbers = parseNumbers(argument);
  return numbers?.length === 1
    ? ok({ verb: verb as "RETR", message: numbers[0] })
    : fault(`${verb} needs a message number`);
}

function optionalNumber(argument: string, verb: Verb): Result<Pop3Command> {
  return argument.trim() === "" ? ok({ verb: verb as "LIST" }) : oneNumber(argument, verb);
}

/** Digits only; ten of them are more than any maildrop has messages. */
function parseNumbers(argument: string): number[] | undefined {
  const words = argument.trim().split(" ");
  return words.every((word) => /^[0-9]{1,10}$/.test(word)) ? words.map(Number) : undefined;
}
