/** `posthorn acl`: who else may use a mailbox, as its owner would say it over IMAP (RFC 4314). */

import type { Command } from "commander";
import {
  type AclChange,
  type AclEntry,
  formatRights,
  normalizeIdentifier,
  parseRights,
} from "../store/acl.ts";
import type { Store } from "../store/contract.ts";
import type { MailboxInfo } from "../store/mail.ts";
import { readAddress } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { printJson, printTable, report } from "./output.ts";
import { withStore } from "./with-store.ts";

const EXAMPLES = `
Rights are letters: l list, r read, s mark as seen, w other flags, i add mail, p post, k make mailboxes
below, x delete the mailbox, t mark as deleted, e expunge, a change this list.
WHO is an address, @domain for all of a domain, or anyone; with - before it, rights are taken away.

Examples:
  $ posthorn acl set anna@example.org Club bob@example.org lrs
  $ posthorn acl set anna@example.org Club bob@example.org +wi
  $ posthorn acl list anna@example.org
  $ posthorn acl delete anna@example.org Club bob@example.org
`;

export function addAclCommand(program: Command): void {
  const acl = program
    .command("acl")
    .description("who else may use a mailbox")
    .addHelpText("after", EXAMPLES);
  acl
    .command("list <account> [mailbox]")
    .description("access lists of all mailboxes, or of one")
    .option("--json", "as JSON")
    .action(
      async (
        account: string,
        mailbox: string | undefined,
        options: { json?: boolean },
        command: Command,
      ) => {
        const rows = await withStore(command, async (store) => rowsOf(store, account, mailbox));
        if (options.json) return printJson(rows);
        printTable(
          rows,
          [
            { title: "MAILBOX", value: (row) => row.mailbox },
            { title: "WHO", value: (row) => row.identifier },
            { title: "RIGHTS", value: (row) => row.rights },
          ],
          `Nothing is shared: posthorn acl set ${account} INBOX bob@example.org lr`,
        );
      },
    );
  acl
    .command("set <account> <mailbox> <who> <rights>")
    .description("give WHO these rights; with + or - before them, more or fewer")
    .option("--json", "as JSON")
    .allowUnknownOption()
    .action(
      async (
        account: string,
        mailbox: string,
        who: string,
        rights: string,
        _options: object,
        command: Command,
      ) => change(command, { account, mailbox, who, rights }),
    );
  acl
    .command("delete <account> <mailbox> <who>")
    .description("take WHO out of the list")
    .option("--json", "as JSON")
    .allowUnknownOption()
    .action(
      async (account: string, mailbox: string, who: string, _options: object, command: Command) =>
        change(command, { account, mailbox, who, rights: "" }),
    );
}

type Wanted = {
  readonly account: string;
  readonly mailbox: string;
  readonly who: string;
  readonly rights: string;
};

async function change(command: Command, wanted: Wanted): Promise<void> {
  const wish = readChange(wanted);
  const result = await withStore(command, async (store) => {
    const info = mailboxOf(store, wanted.account, wanted.mailbox);
    await store.acl.change(info.grant, wish);
    const owner = store.acl.ownerOf(info.grant);
    const identifier = normalizeIdentifier(wish.identifier, owner);
    const entry = store.acl.entries(info.grant).find((each) => each.identifier === identifier);
    return { mailbox: info.name, identifier, rights: entry ? formatRights(entry.rights) : "" };
  });
  const { identifier, rights } = result;
  const text = rights === "" ? "has no entry" : `has ${rights}`;
  report(command, result, `${identifier} ${text} in ${result.mailbox} of ${wanted.account}.`);
}

function readChange({ who, rights }: Wanted): AclChange {
  const sign = /^[+-]/.exec(rights)?.[0];
  const parsed = parseRights(sign === undefined ? rights : rights.slice(1));
  if (parsed === undefined) {
    throw new CliError(
      `${rights} are not rights: letters out of lrswipkxtea, such as lrs`,
      EXIT.usage,
    );
  }
  const action = sign === "+" ? "add" : sign === "-" ? "remove" : "set";
  return { identifier: who, action, rights: parsed };
}

function rowsOf(
  store: Store,
  account: string,
  mailbox: string | undefined,
): { mailbox: string; identifier: string; rights: string }[] {
  const infos =
    mailbox === undefined
      ? store.mail.mailboxes(accountIdOf(store, account))
      : [mailboxOf(store, account, mailbox)];
  return infos.flatMap((info) =>
    store.acl.entries(info.grant).map((entry: AclEntry) => ({
      mailbox: info.name,
      identifier: entry.identifier,
      rights: formatRights(entry.rights),
    })),
  );
}

function accountIdOf(store: Store, text: string): number {
  const account = store.directory.account(readAddress(text));
  if (account === undefined)
    throw new CliError(`there is no account ${text}: posthorn account list`);
  return account.id;
}

function mailboxOf(store: Store, account: string, name: string): MailboxInfo {
  const info = store.mail.mailbox(accountIdOf(store, account), name);
  if (info === undefined) throw new CliError(`${account} has no mailbox ${name}`);
  return info;
}
