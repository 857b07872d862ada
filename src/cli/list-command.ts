/** `posthorn list`: mailing lists and their members. */

import { readFileSync } from "node:fs";
import { Option } from "commander";
import type { Command } from "commander";
import { counted } from "../base/counted.ts";
import type { Directory, List } from "../store/directory.ts";
import { requireDomain } from "./account-command.ts";
import { readAddress } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { print, printFacts, printJson, printTable, report } from "./output.ts";
import { withStore } from "./with-store.ts";

const EXAMPLES = `
Examples:
  $ posthorn list add choir@example.org --owner anna@example.org --name "The choir"
  $ posthorn list members add choir@example.org bob@example.net carol@example.org
  $ posthorn list members add choir@example.org --file members.txt
  $ posthorn list set choir@example.org --posting members
  $ posthorn list show choir@example.org
`;

type ListOptions = {
  owner?: string;
  name?: string;
  posting?: List["posting"];
  member?: string[];
  json?: boolean;
};

export function addListCommand(program: Command): void {
  const list = program.command("list").description("mailing lists").addHelpText("after", EXAMPLES);
  addMaking(list);
  addReading(list);
  addMembers(list);
}

function postingOption(): Option {
  return new Option("--posting <who>", "who may write to it").choices([
    "anyone",
    "members",
    "owner",
  ]);
}

function addMaking(list: Command): void {
  list
    .command("add <address>")
    .description("make a list")
    .requiredOption("--owner <address>", "who hears of its troubles")
    .option("--name <name>", "what it is called")
    .addOption(postingOption().default("members"))
    .option("--member <address...>", "first members")
    .option("--json", "as JSON")
    .action(async (text: string, options: ListOptions, command: Command) => {
      const address = readAddress(text);
      const added = await withStore(command, ({ directory }) => {
        requireDomain(directory, address);
        return directory.addList({
          address,
          displayName: options.name ?? "",
          owner: readAddress(options.owner ?? ""),
          members: (options.member ?? []).map(readAddress),
          posting: options.posting ?? "members",
        });
      });
      if (options.json) return printJson(added);
      print(`${added.address} is ready. Next: posthorn list members add ${added.address} ADDRESS…`);
    });
  list
    .command("set <address>")
    .description("change a list")
    .option("--json", "as JSON")
    .option("--owner <address>", "who hears of its troubles")
    .option("--name <name>", "what it is called")
    .addOption(postingOption())
    .action(async (text: string, options: ListOptions, command: Command) => {
      const change = {
        ...(options.owner !== undefined && { owner: readAddress(options.owner) }),
        ...(options.name !== undefined && { displayName: options.name }),
        ...(options.posting !== undefined && { posting: options.posting }),
      };
      if (Object.keys(change).length === 0) {
        throw new CliError("nothing to change: give --owner, --name or --posting", EXIT.usage);
      }
      const changed = await withStore(command, ({ directory }) =>
        directory.changeList(readAddress(text), change),
      );
      report(command, changed, `${text} is changed.`);
    });
  list
    .command("remove <address>")
    .description("remove a list")
    .option("--json", "as JSON")
    .action(async (text: string, _options: object, command: Command) => {
      await withStore(command, ({ directory }) => directory.removeList(readAddress(text)));
      report(command, { removed: text }, `${text} is removed.`);
    });
}

function addReading(list: Command): void {
  list
    .command("list [domain]")
    .description("all lists, or those of a domain")
    .option("--json", "as JSON")
    .action(async (domain: string | undefined, options: { json?: boolean }, command: Command) => {
      const rows = await withStore(command, ({ directory }) => {
        if (domain !== undefined) requireDomain(directory, domain);
        return directory.lists(domain);
      });
      if (options.json) return printJson(rows);
      printTable(
        rows,
        [
          { title: "LIST", value: (row) => row.address },
          { title: "NAME", value: (row) => row.displayName },
          { title: "MEMBERS", value: (row) => row.members.length, align: "right" },
          { title: "POSTING", value: (row) => row.posting },
          { title: "OWNER", value: (row) => row.owner },
        ],
        "No list yet: posthorn list add choir@example.org --owner anna@example.org",
      );
    });
  list
    .command("show <address>")
    .description("one list")
    .option("--json", "as JSON")
    .action(async (text: string, options: { json?: boolean }, command: Command) => {
      const found = await withStore(command, ({ directory }) => requireList(directory, text));
      if (options.json) return printJson(found);
      printFacts([
        ["list", found.address],
        ["name", found.displayName],
        ["owner", found.owner],
        ["posting", found.posting],
        ["members", found.members.length],
      ]);
      for (const member of found.members) print(`  ${member}`);
    });
}

function addMembers(list: Command): void {
  const members = list.command("members").description("who is on a list");
  for (const verb of ["add", "remove"] as const) {
    members
      .command(`${verb} <list> [addresses...]`)
      .description(verb === "add" ? "put addresses on a list" : "take addresses off a list")
      .option("--file <file>", "a file with one address a line; - for standard input")
      .option("--json", "as JSON")
      .action(
        async (text: string, given: string[], options: { file?: string }, command: Command) => {
          const addresses = [...given, ...linesOf(options.file)].map(readAddress);
          if (addresses.length === 0) {
            throw new CliError("no addresses: name them, or give --file", EXIT.usage);
          }
          const count = await withStore(command, ({ directory }) =>
            changeMembers(directory, text, verb, addresses),
          );
          report(
            command,
            { list: text, members: count },
            `${text} has ${counted(count, "member")} now.`,
          );
        },
      );
  }
  members
    .command("list <list>")
    .description("the members, one a line")
    .option("--json", "as JSON")
    .action(async (text: string, options: { json?: boolean }, command: Command) => {
      const found = await withStore(command, ({ directory }) => requireList(directory, text));
      if (options.json) return printJson(found.members);
      for (const member of found.members) print(member);
    });
}

async function changeMembers(
  directory: Directory,
  text: string,
  verb: "add" | "remove",
  addresses: readonly string[],
): Promise<number> {
  const found = requireList(directory, text);
  const present = new Map(found.members.map((member) => [member.toLowerCase(), member]));
  for (const address of addresses) {
    if (verb === "remove") {
      if (!present.delete(address.toLowerCase())) {
        throw new CliError(`${address} is not on ${text}; nothing is changed`);
      }
    } else if (!present.has(address.toLowerCase())) present.set(address.toLowerCase(), address);
  }
  const changed = await directory.changeList(found.address, { members: [...present.values()] });
  return changed.members.length;
}

function requireList(directory: Directory, text: string): List {
  const found = directory.list(readAddress(text));
  if (found === undefined) throw new CliError(`there is no list ${text}: posthorn list list`);
  return found;
}

function linesOf(file: string | undefined): string[] {
  if (file === undefined) return [];
  let source: string;
  try {
    source = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new CliError(`${file} can't be read: ${(error as Error).message}`, EXIT.dataError);
  }
  return source
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*$/, "").trim())
    .filter((line) => line !== "");
}
