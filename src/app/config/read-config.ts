/**
 * Reads a configuration: TOML text to checked settings. Collects everything that is wrong, each with
 * its place in the file, what would be right, and the name that was probably meant.
 */

import { parse, TomlError } from "smol-toml";
import { safeParse } from "valibot";
import { checkTogether } from "./check-together.ts";
import { nearest } from "./nearest.ts";
import { locateKeys, pathKey } from "./locate-keys.ts";
import type { KeyPath, Position } from "./locate-keys.ts";
import type { AnyGroup, AnyTable, Setting } from "./setting.ts";
import { SETTINGS } from "./settings.ts";
import type { Settings } from "./settings-shape.ts";

export type ConfigProblem = {
  readonly position: Position | undefined;
  /** A whole sentence. */
  readonly problem: string;
};

export type ConfigOutcome =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

type Found = { readonly path: KeyPath; readonly problem: string };

export function readConfig(source: string): ConfigOutcome {
  let document: unknown;
  try {
    document = parse(source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const problem = error.message.split("\n")[0].replace(/^Invalid TOML document: /, "");
    const position = { line: error.line, column: error.column };
    const hint = problem === "invalid value" ? " (text stands in quotes)" : "";
    return { ok: false, problems: [{ position, problem: `not valid TOML: ${problem}${hint}` }] };
  }
  const found: Found[] = [];
  const settings = readTable(SETTINGS as unknown as AnyTable, document, [], found);
  if (found.length === 0) found.push(...checkTogether(settings as Settings));
  if (found.length === 0) return { ok: true, settings: settings as Settings };
  const positions = locateKeys(source);
  const problems = found
    .map(({ path, problem }) => ({ position: nearestPosition(positions, path), problem }))
    .sort((a, b) => (a.position?.line ?? 0) - (b.position?.line ?? 0));
  return { ok: false, problems };
}

/** `posthorn.toml:3:1: …`, one line a problem. */
export function describeProblems(file: string, problems: readonly ConfigProblem[]): string {
  return problems
    .map(({ position, problem }) =>
      position === undefined
        ? `${file}: ${problem}`
        : `${file}:${position.line}:${position.column}: ${problem}`,
    )
    .join("\n");
}

/** What holds when there is no file. */
export function defaultSettings(): Settings {
  return readTable(SETTINGS as unknown as AnyTable, {}, [], []) as Settings;
}

function readTable(table: AnyTable, input: unknown, path: KeyPath, found: Found[]): object {
  const given = new Map(Object.entries(input as object));
  for (const name of given.keys()) {
    if (!Object.hasOwn(table, name)) {
      found.push({ path: [...path, name], problem: unknownSetting(name, path, table) });
    }
  }
  const result: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(table)) {
    const here = [...path, name];
    if (row.kind === "setting") result[name] = readSetting(row, given.get(name), here, found);
    else if (row.kind === "group") result[name] = readGroup(row, given.get(name), here, found);
    else result[name] = readRepeated(row, given.get(name), here, found);
  }
  return result;
}

function readSetting(
  setting: Setting<unknown>,
  input: unknown,
  path: KeyPath,
  found: Found[],
): unknown {
  if (input === undefined) {
    if (setting.isRequired) {
      found.push({ path, problem: `${nameOf(path)} is missing: ${setting.type}` });
    }
    return setting.default;
  }
  const outcome = safeParse(setting.schema, input);
  if (outcome.success) return outcome.output;
  found.push({ path, problem: `${nameOf(path)} ${outcome.issues[0].message}` });
  return setting.default;
}

function readGroup(group: AnyGroup, input: unknown, path: KeyPath, found: Found[]): object {
  if (input === undefined || isPlainTable(input)) {
    return readTable(group.members, input ?? {}, path, found);
  }
  found.push({ path, problem: `${nameOf(path)} must be a group of settings: [${nameOf(path)}]` });
  return {};
}

function readRepeated(group: AnyGroup, input: unknown, path: KeyPath, found: Found[]): object[] {
  if (input === undefined) return [];
  const items = Array.isArray(input) ? (input as unknown[]) : [input];
  if (!Array.isArray(input) || !items.every(isPlainTable)) {
    const name = nameOf(path);
    found.push({ path, problem: `${name} can be given several times, each as [[${name}]]` });
    return [];
  }
  return items.map((item, index) => readTable(group.members, item, [...path, index], found));
}

function isPlainTable(input: unknown): boolean {
  return (
    typeof input === "object" && input !== null && !Array.isArray(input) && !(input instanceof Date)
  );
}

function unknownSetting(name: string, path: KeyPath, table: AnyTable): string {
  const choices = Object.keys(table);
  const where = path.length === 0 ? "" : ` in [${nameOf(path)}]`;
  const close = nearest(name, choices);
  if (close !== undefined) return `there is no setting ${name}${where}. Did you mean ${close}?`;
  const elsewhere = homesOf(name, SETTINGS as unknown as AnyTable, []);
  if (elsewhere.length > 0) {
    return `there is no setting ${name}${where}. It belongs into ${elsewhere.join(" or ")}.`;
  }
  return `there is no setting ${name}${where}. The settings here are ${choices.join(", ")}.`;
}

/** The groups that have a setting of this name. */
function homesOf(name: string, table: AnyTable, path: readonly string[]): string[] {
  const own = Object.hasOwn(table, name) && table[name].kind === "setting";
  const homes = own ? [path.length === 0 ? "the top of the file" : `[${path.join(".")}]`] : [];
  for (const [group, row] of Object.entries(table)) {
    if (row.kind !== "setting") homes.push(...homesOf(name, row.members, [...path, group]));
  }
  return homes;
}

function nameOf(path: KeyPath): string {
  return path.filter((part) => typeof part === "string").join(".");
}

/** A missing setting has no place of its own: its group's is shown. */
function nearestPosition(
  positions: ReadonlyMap<string, Position>,
  path: KeyPath,
): Position | undefined {
  for (let length = path.length; length > 0; length--) {
    const position = positions.get(pathKey(path.slice(0, length)));
    if (position !== undefined) return position;
  }
  return undefined;
}
