/**
 * `posthorn VERB …`: finds the verb, loads its file alone (so that each starts fast), and turns what
 * goes wrong into a sentence and an exit code. What the verbs do is in the files beside this one.
 */

import { Command, CommanderError } from "commander";
import type { Option } from "commander";
import { describeFailure } from "./describe-failure.ts";
import { EXIT } from "./exit-codes.ts";
import { VERBS } from "./verbs.ts";
import { version } from "./version.ts";

const INTRODUCTION = `Posthorn is a complete mail system: SMTP, IMAP and POP3 server, lists, and mail programs.

Examples:
  $ posthorn serve                          run it, on loopback ports
  $ posthorn account add anna@example.org   a mailbox for Anna
  $ posthorn alias add info@example.org anna@example.org
  $ posthorn queue list                     mail that waits
  $ posthorn mail                           read and write mail here`;

/** `isFace`: called by a link named sendmail, mailq or newaliases, which is then the first word. */
export async function runCli(words: readonly string[], isFace = false): Promise<void> {
  // `posthorn … | head`: a reader that has seen enough is no failure, and what was begun is finished.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  const program = new Command("posthorn");
  program
    .description(INTRODUCTION)
    .version(version(), "-V, --version", "print the version")
    .option(
      "--config <file>",
      "configuration file (default: posthorn.toml here or in /etc/posthorn)",
    )
    .option("--data <folder>", "data folder (default: as configured, or ./posthorn-data)")
    .helpOption("-h, --help", "print help")
    .showHelpAfterError("(--help says more)")
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions: placeOptions })
    .exitOverride();
  program.setOptionValue("isFace", isFace);
  const asked = askedVerb(words);
  for (const [name, verb] of VERBS) {
    if (name === asked) await verb.add(program);
    else if (!verb.isHidden) program.command(name).description(verb.summary);
  }
  overrideExits(program);
  try {
    await program.parseAsync([...words], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has already said what is wrong, and how it should be.
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      return;
    }
    const failure = describeFailure(error);
    process.stderr.write(`posthorn: ${failure.text}\n`);
    process.exitCode = failure.exitCode;
  }
}

/** Under each verb: where the configuration and the data are; they may stand behind it, too. */
function placeOptions(command: Command): Option[] {
  const program = rootOf(command);
  if (program === command) return [];
  return program.options.filter(({ long }) => WITH_VALUE.has(long ?? ""));
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

/** The first word that is no option and no option's value. */
function askedVerb(words: readonly string[]): string | undefined {
  return words.find((word, i) => VERBS.has(word) && !WITH_VALUE.has(words[i - 1] ?? ""));
}

const WITH_VALUE: ReadonlySet<string> = new Set(["--config", "--data"]);

/** exitOverride is not inherited by commands that were added before it was set. `verb`: whose part `command` is. */
function overrideExits(command: Command, verb?: string): void {
  for (const child of command.commands) {
    child.exitOverride().showHelpAfterError("(--help says more)");
    if (verb !== undefined) child.addHelpText("after", `\nExamples: posthorn ${verb} --help`);
    overrideExits(child, verb ?? child.name());
  }
}
