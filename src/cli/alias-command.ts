/** `posthorn alias`: addresses that stand for others, local or remote. */

import type { Command } from "commander";
import { requireDomain } from "./account-command.ts";
import { readAddress } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { print, printJson, printTable, report } from "./output.ts";
import { warnOfProblems } from "./warn-of-problems.ts";
import { withStore } from "./with-store.ts";

const EXAMPLES = `
Examples:
  $ posthorn alias add info@example.org anna@example.org bob@example.net
  $ posthorn alias set info@example.org carol@example.org
  $ posthorn alias list example.org
  $ posthorn alias remove info@example.org
`;

export function addAliasCommand(program: Command): void {
  const alias = program
    .command("alias")
    .description("addresses that stand for others")
    .addHelpText("after", EXAMPLES);
  alias
    .command("add <address> <targets...>")
    .description("mail for ADDRESS goes to TARGETS")
    .option("--json", "as JSON")
    .action(
      async (text: string, targets: string[], options: { json?: boolean }, command: Command) => {
        const alias = readAlias(text, targets);
        const added = await withStore(command, async (store, found) => {
          requireDomain(store.directory, alias.address);
          const made = await store.directory.addAlias(alias);
          await warnOfProblems(alias.address, store, found);
          return made;
        });
        if (options.json) return printJson(added);
        print(`${added.address} now leads to ${added.targets.join(", ")}.`);
      },
    );
  alias
    .command("set <address> <targets...>")
    .description("replace the targets of an alias")
    .option("--json", "as JSON")
    .action(async (text: string, targets: string[], _options: object, command: Command) => {
      const alias = readAlias(text, targets);
      const changed = await withStore(command, async (store, found) => {
        const made = await store.directory.changeAlias(alias.address, alias.targets);
        await warnOfProblems(alias.address, store, found);
        return made;
      });
      const targetsNow = changed.targets.join(", ");
      report(command, changed, `${changed.address} now leads to ${targetsNow}.`);
    });
  addReading(alias);
  alias
    .command("remove <address>")
    .description("remove an alias")
    .option("--json", "as JSON")
    .action(async (text: string, _options: object, command: Command) => {
      await withStore(command, ({ directory }) => directory.removeAlias(readAddress(text)));
      report(command, { removed: text }, `${text} is removed.`);
    });
}

function readAlias(text: string, words: readonly string[]): { address: string; targets: string[] } {
  const address = readAddress(text);
  const targets = words.map(readAddress);
  const isItself = (target: string): boolean => target.toLowerCase() === address.toLowerCase();
  if (targets.every(isItself))
    throw new CliError(`${address} would lead to itself, and nowhere else`);
  return { address, targets };
}

function addReading(alias: Command): void {
  alias
    .command("list [domain]")
    .description("all aliases, or those of a domain")
    .option("--json", "as JSON")
    .action(async (domain: string | undefined, options: { json?: boolean }, command: Command) => {
      const rows = await withStore(command, ({ directory }) => {
        if (domain !== undefined) requireDomain(directory, domain);
        return directory.aliases(domain);
      });
      if (options.json) return printJson(rows);
      printTable(
        rows,
        [
          { title: "ALIAS", value: (row) => row.address },
          { title: "LEADS TO", value: (row) => row.targets.join(", ") },
        ],
        "No alias yet: posthorn alias add info@example.org anna@example.org",
      );
    });
  alias
    .command("show <address>")
    .description("one alias")
    .option("--json", "as JSON")
    .action(async (text: string, options: { json?: boolean }, command: Command) => {
      const found = await withStore(command, ({ directory }) => directory.alias(readAddress(text)));
      if (found === undefined) throw new CliError(`there is no alias ${text}: posthorn alias list`);
      if (options.json) return printJson(found);
      print(`${found.address}\n${found.targets.map((target) => `  ${target}`).join("\n")}`);
    });
}
