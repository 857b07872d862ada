/** Writes docs/config.md from the table of settings. */

import type { AnyRow, AnyTable, Setting } from "./setting.ts";
import { SETTINGS } from "./settings.ts";

const HEAD = `# Configuration

Posthorn runs without any configuration. For a server of your own, write a file \`posthorn.toml\`
([TOML](https://toml.io)) and start \`posthorn serve --config posthorn.toml\`. Without \`--config\`
Posthorn looks at \`$POSTHORN_CONFIG\`, then for \`./posthorn.toml\`, then for
\`/etc/posthorn/posthorn.toml\`. All commands look in the same places.

\`posthorn config example\` prints a file with every setting at its default, to start from;
\`posthorn config check\` says what is wrong in a file, with line and column; \`posthorn config show\`
prints the settings that hold. Times are written "30s", "5m", "4h", "5d"; sizes "500KB", "50MB",
"2GB". Relative paths start at the folder of the file.

Domains, accounts, aliases and lists are not in this file: they live in the data folder and are
managed while the server runs, with \`posthorn domain\`, \`account\`, \`alias\` and \`list\`.

A server on the Internet:

\`\`\`toml
hostname = "mail.example.org"
dataFolder = "/var/lib/posthorn"

[listen]
smtp = 25
submission = 587
submissions = 465
imap = 143
imaps = 993
pop3 = []
pop3s = 995

[[tls.certificates]]
certificate = "/etc/letsencrypt/live/mail.example.org/fullchain.pem"
key = "/etc/letsencrypt/live/mail.example.org/privkey.pem"
\`\`\`

This page is made from the table of settings in the program (\`posthorn config doc\`).
`;

export function configDocument(): string {
  const top = Object.entries(SETTINGS as unknown as AnyTable);
  const plain = top.filter(([, row]) => row.kind === "setting");
  const parts = [HEAD, "## At the top of the file\n", table(plain)];
  for (const [name, row] of top) if (row.kind !== "setting") parts.push(section(name, row));
  return `${parts.join("\n")}`;
}

function section(name: string, row: Exclude<AnyRow, Setting<unknown>>): string {
  const members = Object.entries(row.members);
  const title = row.kind === "repeated" ? `[[${name}]]` : `[${name}]`;
  const repeats = row.kind === "repeated" ? " May be given several times." : "";
  const parts = [`## \`${title}\`\n`, `${row.doc}${repeats}\n`];
  const plain = members.filter(([, member]) => member.kind === "setting");
  if (plain.length > 0) parts.push(table(plain));
  if (row.example !== undefined) parts.push(`\`\`\`toml\n${row.example}\n\`\`\`\n`);
  for (const [member, inner] of members) {
    if (inner.kind !== "setting") parts.push(section(`${name}.${member}`, inner));
  }
  return parts.join("\n");
}

function table(rows: readonly [string, AnyRow][]): string {
  const lines = ["| Setting | Value | Default | |", "|---|---|---|---|"];
  for (const [name, row] of rows) {
    if (row.kind !== "setting") continue;
    const example = row.example === undefined ? "" : ` For example \`${row.example}\`.`;
    const notes = `${row.doc}${example} *Since ${row.since}${row.effect === "reload" ? "; SIGHUP is enough" : ""}.*`;
    lines.push(`| \`${name}\` | ${cell(row.type)} | ${cell(defaultOf(row))} | ${cell(notes)} |`);
  }
  return `${lines.join("\n")}\n`;
}

function defaultOf(row: Setting<unknown>): string {
  if (row.isRequired) return "must be given";
  if (row.defaultText !== undefined) return row.defaultText;
  return JSON.stringify(row.default) ?? "none";
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
