/** `posthorn dns check DOMAIN`: the records that mail needs, those that are there and those to add. */

import type { Command } from "commander";
import { checkDomainRecords } from "../app/check-domain-records.ts";
import type { DomainCheck } from "../mta/dns-check/check-domain.ts";
import { toAsciiDomain, toUnicodeDomain } from "../net/idna.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { harmless, print, printJson } from "./output.ts";
import { configOf } from "./with-store.ts";

const EXAMPLES = `
Examples:
  $ posthorn dns check example.org
  $ posthorn dns check example.org --selector mail2026 --json

Exit code 1 when something is missing, or could not be found out. The name servers are those of
[dns] in the configuration, or of /etc/resolv.conf.
`;

export function addDnsCommand(program: Command): void {
  const dns = program
    .command("dns")
    .description("what mail needs of DNS")
    .addHelpText("after", EXAMPLES);
  dns
    .command("check <domain>")
    .description("the records that mail needs, and the exact lines to add")
    .option("--selector <name...>", "DKIM selectors to look for")
    .option("--json", "as JSON")
    .action(
      async (text: string, options: { selector?: string[]; json?: boolean }, command: Command) => {
        const domain = toAsciiDomain(text);
        if (domain === undefined) throw new CliError(`"${text}" is not a domain name`, EXIT.usage);
        const { settings } = configOf(command);
        const check = await checkDomainRecords(domain, options.selector ?? [], settings);
        if (options.json) printJson(check);
        else print(describe(check));
        if (!check.isWell) process.exitCode = EXIT.failed;
      },
    );
}

function describe({ domain, findings, isWell }: DomainCheck): string {
  const lines = findings.map(({ topic, level, text }) =>
    harmless(`${level.padEnd(7)}  ${topic.padEnd(7)}  ${text}`),
  );
  const records = [...new Set(findings.flatMap(({ record }) => record ?? []))];
  const name = toUnicodeDomain(domain);
  return [
    ...lines,
    "",
    ...(records.length > 0 ? ["To add, each a line of its zone:", ...records, ""] : []),
    isWell ? `${name} has what mail needs.` : `${name} lacks something that mail needs.`,
  ].join("\n");
}
