/** `posthorn domain`: the domains whose mail is ours. */

import type { Command } from "commander";
import { toAsciiDomain, toUnicodeDomain } from "../net/idna.ts";
import { readAddress } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { print, printFacts, printJson, printTable, report, showSize, showTime } from "./output.ts";
import { readQuotas, showQuota, withoutNulls, type QuotaOptions } from "./quota-options.ts";
import { warnOfProblems } from "./warn-of-problems.ts";
import { withStore } from "./with-store.ts";

const EXAMPLES = `
Examples:
  $ posthorn domain add example.org
  $ posthorn domain add example.net --catch-all anna@example.org
  $ posthorn domain set example.net --no-catch-all --quota 100GB
  $ posthorn domain alias add example.com example.org
  $ posthorn domain list --json
`;

export function addDomainCommand(program: Command): void {
  const domain = program
    .command("domain")
    .description("domains whose mail is ours")
    .addHelpText("after", EXAMPLES);
  domain
    .command("add <name>")
    .description("take mail for a domain")
    .option("--catch-all <address>", "where mail goes that no account, alias or list takes")
    .option("--quota <size>", "how much its accounts may hold together, such as 100GB")
    .option("--quota-messages <number>", "how many messages they may hold together")
    .option("--json", "as JSON")
    .action(
      async (
        name: string,
        options: QuotaOptions & { catchAll?: string; json?: boolean },
        command: Command,
      ) => {
        const wanted = readDomain(name);
        const quota = withoutNulls(readQuotas(options));
        const added = await withStore(command, async (store, found) => {
          const made = await store.directory.addDomain({
            name: wanted,
            ...quota,
            ...(options.catchAll !== undefined && { catchAll: readAddress(options.catchAll) }),
          });
          if (made.catchAll !== undefined) await warnOfProblems(made.catchAll, store, found);
          return made;
        });
        if (options.json) return printJson(added);
        print(
          `Mail for ${toUnicodeDomain(added.name)} is now taken. Next: posthorn account add NAME@${added.name}`,
        );
      },
    );
  domain
    .command("set <name>")
    .description("change a domain")
    .option("--catch-all <address>", "where mail goes that nothing else takes")
    .option("--no-catch-all", "refuse such mail")
    .option("--quota <size>", "how much its accounts may hold together; none for no limit")
    .option("--quota-messages <number>", "how many messages they may hold; none for no limit")
    .option("--json", "as JSON")
    .action(
      async (
        name: string,
        options: QuotaOptions & { catchAll?: string | boolean },
        command: Command,
      ) => {
        const { catchAll } = options;
        const change = {
          ...readQuotas(options),
          ...(catchAll === false && { catchAll: null }),
          ...(typeof catchAll === "string" && { catchAll: readAddress(catchAll) }),
        };
        if (Object.keys(change).length === 0) {
          throw new CliError(
            "nothing to change: give --catch-all ADDRESS, --no-catch-all, --quota or --quota-messages",
            EXIT.usage,
          );
        }
        const changed = await withStore(command, async (store, found) => {
          const made = await store.directory.changeDomain(readDomain(name), change);
          if (typeof catchAll === "string")
            await warnOfProblems(readAddress(catchAll), store, found);
          return made;
        });
        report(command, changed, `${name} is changed.`);
      },
    );
  addReading(domain);
  addAliasVerbs(domain);
  domain
    .command("remove <name>")
    .description("take no more mail for a domain; it must be empty")
    .option("--json", "as JSON")
    .action(async (name: string, _options: object, command: Command) => {
      await withStore(command, (store) => store.directory.removeDomain(readDomain(name)));
      report(command, { removed: name }, `${name} is removed.`);
    });
}

/** A domain whose every address is the same one of another domain. */
function addAliasVerbs(domain: Command): void {
  const alias = domain.command("alias").description("domains that follow another one");
  alias
    .command("add <name> <domain>")
    .description("mail for anybody@NAME is mail for the same one @DOMAIN")
    .option("--json", "as JSON")
    .action(async (text: string, followed: string, _options: object, command: Command) => {
      const wanted = { name: readDomain(text), follows: readDomain(followed) };
      const added = await withStore(command, (store) => store.directory.addDomainAlias(wanted));
      const [name, follows] = [toUnicodeDomain(added.name), toUnicodeDomain(wanted.follows)];
      report(command, added, `Mail for anybody@${name} is now taken as for ${follows}.`);
    });
  alias
    .command("list")
    .description("all of them")
    .option("--json", "as JSON")
    .action(async (options: { json?: boolean }, command: Command) => {
      const rows = await withStore(command, ({ directory }) =>
        directory.domains().filter(({ follows }) => follows !== undefined),
      );
      if (options.json) return printJson(rows);
      printTable(
        rows,
        [
          { title: "DOMAIN", value: (row) => toUnicodeDomain(row.name) },
          { title: "FOLLOWS", value: (row) => toUnicodeDomain(row.follows ?? "") },
        ],
        "No domain follows another: posthorn domain alias add example.com example.org",
      );
    });
  alias
    .command("remove <name>")
    .description("take no more mail for it; the other domain stays")
    .option("--json", "as JSON")
    .action(async (text: string, _options: object, command: Command) => {
      const name = readDomain(text);
      await withStore(command, async ({ directory }) => {
        if (directory.domain(name)?.follows === undefined) {
          throw new CliError(`${text} follows no other domain: posthorn domain alias list`);
        }
        await directory.removeDomain(name);
      });
      report(command, { removed: name }, `${text} is removed.`);
    });
}

function addReading(domain: Command): void {
  domain
    .command("list")
    .description("all domains")
    .option("--json", "as JSON")
    .action(async (options: { json?: boolean }, command: Command) => {
      const rows = await withStore(command, ({ directory }) =>
        directory.domains().map((one) => ({
          ...one,
          accounts: directory.accounts(one.name).length,
          aliases: directory.aliases(one.name).length,
          lists: directory.lists(one.name).length,
          ...directory.domainUsage(one.name),
        })),
      );
      if (options.json) return printJson(rows);
      printTable(
        rows,
        [
          { title: "DOMAIN", value: (row) => toUnicodeDomain(row.name) },
          { title: "ACCOUNTS", value: (row) => row.accounts, align: "right" },
          { title: "ALIASES", value: (row) => row.aliases, align: "right" },
          { title: "LISTS", value: (row) => row.lists, align: "right" },
          { title: "MESSAGES", value: (row) => row.messages, align: "right" },
          { title: "SIZE", value: (row) => showSize(row.octets), align: "right" },
          { title: "QUOTA", value: (row) => showQuota(row), align: "right" },
          { title: "CATCH-ALL", value: (row) => row.catchAll },
          { title: "FOLLOWS", value: (row) => row.follows && toUnicodeDomain(row.follows) },
        ],
        "No domain yet: posthorn domain add example.org",
      );
    });
  domain
    .command("show <name>")
    .description("one domain")
    .option("--json", "as JSON")
    .action(async (name: string, options: { json?: boolean }, command: Command) => {
      const found = await withStore(command, ({ directory }) => {
        const one = directory.domain(readDomain(name));
        if (one === undefined)
          throw new CliError(`there is no domain ${name}: posthorn domain list`);
        return { ...one, ...directory.domainUsage(one.name) };
      });
      if (options.json) return printJson(found);
      printFacts([
        ["domain", toUnicodeDomain(found.name)],
        ["on the wire", found.name],
        ["follows", found.follows && toUnicodeDomain(found.follows)],
        ["catch-all", found.catchAll ?? "none"],
        ["messages", found.messages],
        ["size", showSize(found.octets)],
        ["quota", showQuota(found)],
        ["since", showTime(found.createdAtMs)],
      ]);
    });
}

function readDomain(text: string): string {
  const name = toAsciiDomain(text);
  if (name === undefined) throw new CliError(`"${text}" is not a domain name`, EXIT.usage);
  return name;
}
