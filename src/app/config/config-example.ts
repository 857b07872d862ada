/**
 * Writes an example posthorn.toml from the table of settings: each with its default, or, where it has
 * none, a made-up value, behind a `#` that is taken away to set it. As it is, the file changes nothing.
 */

import { parse } from "smol-toml";
import type { AnyGroup, AnyTable, Setting } from "./setting.ts";
import { SETTINGS } from "./settings.ts";

const WIDTH = 96;

const HEAD = `# posthorn.toml: every setting of Posthorn, with its default.
#
# Take away the "#" before a name to set it: "# words" explain, "#name = value" is a setting.
# Times are written "30s", "5m", "4h", "5d"; sizes "500KB", "50MB", "2GB". Relative paths start at
# the folder of this file. \`posthorn config check\` says what is wrong in it, and where.
`;

export function configExample(): string {
  return `${HEAD}\n${tableLines(SETTINGS as unknown as AnyTable, []).join("\n")}`;
}

/** Plain settings first: in TOML, what follows a [header] belongs to it. */
function tableLines(members: AnyTable, path: readonly string[]): string[] {
  const rows = Object.entries(members);
  const lines: string[] = [];
  for (const [name, row] of rows) {
    if (row.kind !== "setting") continue;
    lines.push(...comment(explanation(row)), `#${name} = ${valueOf(row)}`, "");
  }
  for (const [name, row] of rows) {
    if (row.kind !== "setting") lines.push(...groupLines([...path, name], row));
  }
  return lines;
}

function groupLines(path: readonly string[], group: AnyGroup): string[] {
  const name = path.join(".");
  if (group.kind === "group") {
    return [...comment(group.doc), `[${name}]`, "", ...tableLines(group.members, path)];
  }
  const doc = `${group.doc} May be given several times.`;
  if (group.example !== undefined) {
    const lines = group.example.split("\n").map((line) => (line === "" ? "" : `#${line}`));
    return [...comment(doc), ...lines, ""];
  }
  return [...comment(doc), `#[[${name}]]`, "", ...tableLines(group.members, path)];
}

function explanation(setting: Setting<unknown>): string {
  const { doc, type, defaultText, example } = setting;
  const parts = [doc, `Value: ${type}.`];
  if (setting.isRequired) parts.push("Must be given.");
  else if (defaultText !== undefined && !isToml(defaultText))
    parts.push(`Default: ${defaultText}.`);
  if (example !== undefined && valueOf(setting) !== example) parts.push(`For example ${example}.`);
  return parts.join(" ");
}

/** The default as TOML; what has none gets its example. */
function valueOf({ default: value, defaultText, example, isRequired }: Setting<unknown>): string {
  if (!isRequired) {
    if (defaultText !== undefined && isToml(defaultText)) return defaultText;
    if (value !== undefined) return JSON.stringify(value);
  }
  return example ?? '""';
}

function isToml(text: string): boolean {
  try {
    parse(`value = ${text}`);
    return true;
  } catch {
    return false;
  }
}

function comment(text: string): string[] {
  const lines: string[] = [];
  let line = "#";
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = "#";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
