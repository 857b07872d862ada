/** `posthorn account`: people with a mailbox. */

import type { Command } from "commander";
import type { Account, Directory } from "../store/directory.ts";
import { newPassword } from "./new-password.ts";
import type { PasswordOptions } from "./new-password.ts";
import { readAddress } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { print, printFacts, printJson, printTable, report, showSize, showTime } from "./output.ts";
import { readQuotas, showQuota, withoutNulls, type QuotaOptions } from "./quota-options.ts";
import { withStore } from "./with-store.ts";

const EXAMPLES = `
Examples:
  $ posthorn account add anna@example.org --name "Anna Ahn"      asks for a password
  $ posthorn account add bob@example.org --generate              makes one and prints it
  $ echo "$PW" | posthorn account password bob@example.org --password-stdin
  $ posthorn account set anna@example.org --quota 2GB
  $ posthorn account set kiosk@example.org --relay no            mail to our own addresses only
  $ posthorn account disable bob@example.org
  $ posthorn account list --json
`;

type AddOptions = PasswordOptions & QuotaOptions & { name?: string; json?: boolean };

type SetOptions = QuotaOptions & { name?: string; relay?: string };

export function addAccountCommand(program: Command): void {
  const account = program
    .command("account")
    .description("people with a mailbox")
    .addHelpText("after", EXAMPLES);
  addMaking(account);
  addChanging(account);
  addReading(account);
}

function addMaking(account: Command): void {
  account
    .command("add <address>")
    .description("make an account with its mailboxes")
    .option("--name <name>", "the person's name")
    .option("--quota <size>", "how much it may hold, such as 2GB")
    .option("--quota-messages <number>", "how many messages it may hold")
    .option("--password-stdin", "read the password from standard input")
    .option("--generate", "make a password and print it")
    .option("--json", "as JSON")
    .action(async (text: string, options: AddOptions, command: Command) => {
      const address = readAddress(text);
      const quota = withoutNulls(readQuotas(options));
      const added = await withStore(command, async ({ directory }) => {
        requireDomain(directory, address);
        const password = await newPassword(options);
        const made = await directory.addAccount({
          address,
          password: password.text,
          ...(options.name !== undefined && { displayName: options.name }),
          ...quota,
        });
        return { made, password };
      });
      const { made, password } = added;
      const shown = password.isMadeUp ? { password: password.text } : {};
      if (options.json) return printJson({ ...made, ...shown });
      print(`${made.address} is ready.`);
      if (password.isMadeUp) print(`Password: ${password.text}`);
    });
  account
    .command("remove <address>")
    .description("remove an account and all its mail")
    .option("--yes", "even if it holds mail")
    .option("--json", "as JSON")
    .action(async (text: string, options: { yes?: boolean }, command: Command) => {
      const address = readAddress(text);
      await withStore(command, async ({ directory }) => {
        const found = requireAccount(directory, address);
        const { messages } = directory.usage(found.id);
        if (!options.yes && messages > 0) {
          throw new CliError(
            `${address} still has ${messages} ${messages === 1 ? "message" : "messages"}, which would be gone for good. Say --yes to remove it all the same.`,
            EXIT.usage,
          );
        }
        await directory.removeAccount(address);
      });
      report(command, { removed: address }, `${address} and its mail are removed.`);
    });
}

function addChanging(account: Command): void {
  account
    .command("password <address>")
    .description("set a new password")
    .option("--password-stdin", "read the password from standard input")
    .option("--generate", "make a password and print it")
    .option("--json", "as JSON")
    .action(async (text: string, options: PasswordOptions, command: Command) => {
      const address = readAddress(text);
      const password = await withStore(command, async ({ directory }) => {
        requireAccount(directory, address);
        const chosen = await newPassword(options);
        await directory.changeAccount(address, { password: chosen.text });
        return chosen;
      });
      const made = password.isMadeUp ? password.text : undefined;
      const sentence = `The password of ${address} is changed.`;
      report(
        command,
        { address, ...(made !== undefined && { password: made }) },
        made === undefined ? sentence : `${sentence}\nPassword: ${made}`,
      );
    });
  account
    .command("set <address>")
    .description("change name, quota or where it may send")
    .option("--name <name>", "the person's name")
    .option("--quota <size>", "how much it may hold, such as 2GB; none for no limit")
    .option("--quota-messages <number>", "how many messages it may hold; none for no limit")
    .option("--relay <yes|no>", "whether it may send to other hosts than ours")
    .option("--json", "as JSON")
    .action(async (text: string, options: SetOptions, command: Command) => {
      const change = {
        ...(options.name !== undefined && { displayName: options.name }),
        ...readQuotas(options),
        ...(options.relay !== undefined && { mayRelay: readYesNo(options.relay) }),
      };
      if (Object.keys(change).length === 0) {
        throw new CliError(
          "nothing to change: give --name, --quota, --quota-messages or --relay",
          EXIT.usage,
        );
      }
      const changed = await withStore(command, ({ directory }) =>
        directory.changeAccount(readAddress(text), change),
      );
      report(command, changed, `${text} is changed.`);
    });
  for (const isEnabled of [true, false]) {
    account
      .command(`${isEnabled ? "enable" : "disable"} <address>`)
      .description(
        isEnabled ? "let it log in again" : "no more logging in; mail for it is still taken",
      )
      .option("--json", "as JSON")
      .action(async (text: string, _options: object, command: Command) => {
        const address = readAddress(text);
        const changed = await withStore(command, ({ directory }) =>
          directory.changeAccount(address, { isEnabled }),
        );
        report(command, changed, `${address} is ${isEnabled ? "enabled" : "disabled"}.`);
      });
  }
}

function addReading(account: Command): void {
  account
    .command("list [domain]")
    .description("all accounts, or those of a domain")
    .option("--json", "as JSON")
    .action(async (domain: string | undefined, options: { json?: boolean }, command: Command) => {
      const rows = await withStore(command, ({ directory }) => {
        if (domain !== undefined) requireDomain(directory, domain);
        return directory.accounts(domain).map((one) => withUsage(directory, one));
      });
      if (options.json) return printJson(rows);
      printTable(
        rows,
        [
          { title: "ADDRESS", value: (row) => row.address },
          { title: "NAME", value: (row) => row.displayName },
          { title: "MESSAGES", value: (row) => row.messages, align: "right" },
          { title: "SIZE", value: (row) => showSize(row.octets), align: "right" },
          { title: "QUOTA", value: (row) => showQuota(row), align: "right" },
          { title: "LOGIN", value: (row) => (row.isEnabled ? "yes" : "disabled") },
        ],
        "No account yet: posthorn account add anna@example.org",
      );
    });
  account
    .command("show <address>")
    .description("one account")
    .option("--json", "as JSON")
    .action(async (text: string, options: { json?: boolean }, command: Command) => {
      const found = await withStore(command, ({ directory }) =>
        withUsage(directory, requireAccount(directory, readAddress(text))),
      );
      if (options.json) return printJson(found);
      printFacts([
        ["address", found.address],
        ["name", found.displayName],
        ["login", found.isEnabled ? "yes" : "disabled"],
        ["sends", found.mayRelay ? "everywhere" : "to our own addresses only"],
        ["messages", found.messages],
        ["size", showSize(found.octets)],
        ["quota", showQuota(found)],
        ["since", showTime(found.createdAtMs)],
      ]);
    });
}

function readYesNo(text: string): boolean {
  if (text === "yes" || text === "no") return text === "yes";
  throw new CliError(`--relay is yes or no, not ${text}`, EXIT.usage);
}

function withUsage(
  directory: Directory,
  account: Account,
): Account & { octets: number; messages: number } {
  return { ...account, ...directory.usage(account.id) };
}

function requireAccount(directory: Directory, address: string): Account {
  const found = directory.account(address);
  if (found === undefined)
    throw new CliError(`there is no account ${address}: posthorn account list`);
  return found;
}

/** Better said before a password was typed twice. */
/** `address`: a mail address, or the domain alone. */
export function requireDomain(directory: Directory, address: string): void {
  const domain = address.slice(address.lastIndexOf("@") + 1);
  if (directory.domain(domain) !== undefined) return;
  throw new CliError(`${domain} is not a domain of ours. First: posthorn domain add ${domain}`);
}
