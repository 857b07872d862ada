/**
 * An aliases(5) file as a source of aliases, read anew on `load`. Problems are returned with
 * file and line; the good entries work all the same, and when the file cannot be read at all the
 * entries of the last time stay.
 *
 * `:include:` is off unless the operator names folders; an included file must be a regular file
 * below one of them, not writable by everybody, and may hold addresses only (security row 43). A file
 * that everybody may write to names addresses only, too: no files, no commands.
 */

import { open, realpath } from "node:fs/promises";
import { sep } from "node:path";
import { addressKey, type Address } from "../../message/addr-spec.ts";
import type { AliasFileConfig } from "../config.ts";
import type { NamedTransport } from "../transport.ts";
import { allowTarget } from "./allow-target.ts";
import type { AliasSource, AliasTarget, FoundAlias } from "./alias-source.ts";
import { whyUnreadable, type FileProblem } from "./file-problem.ts";
import { parseAliasFile, type AliasEntry } from "./parse-alias-file.ts";
import { parseAliasTargets, type ParsedTarget } from "./parse-alias-targets.ts";

const MAX_FILE_OCTETS = 64 * 1024 * 1024;
const MAX_INCLUDE_DEPTH = 10;
const MAX_INCLUDED_TARGETS = 100_000;

export class AliasFile implements AliasSource {
  readonly #config: AliasFileConfig;
  readonly #transports: ReadonlyMap<string, NamedTransport>;
  #aliases: ReadonlyMap<string, FoundAlias> = new Map();

  constructor(config: AliasFileConfig, transports: readonly NamedTransport[] = []) {
    this.#config = config;
    this.#transports = new Map(transports.map((transport) => [transport.name, transport]));
  }

  get path(): string {
    return this.#config.path;
  }

  get size(): number {
    return this.#aliases.size;
  }

  /** Reads the file; resolves with what is wrong in it. */
  async load(): Promise<readonly FileProblem[]> {
    const { path } = this.#config;
    const file = await readText(path, "own");
    if ("problem" in file) return [{ path, line: 0, problem: file.problem }];
    const parsed = parseAliasFile(file.text);
    const problems: FileProblem[] = parsed.problems.map((found) => ({ path, ...found }));
    const aliases = new Map<string, FoundAlias>();
    for (const entry of parsed.entries) {
      const targets = await this.#withIncludes(entry, file.isEverybodys, problems);
      aliases.set(entry.name, { targets, source: `${path}:${entry.line}` });
    }
    this.#aliases = aliases;
    return problems;
  }

  find(address: Address): FoundAlias | undefined {
    const { domains } = this.#config;
    if (domains !== undefined && !domains.includes(address.domain)) return undefined;
    const lower = { localPart: address.localPart.toLowerCase(), domain: address.domain };
    return (
      this.#aliases.get(lower.localPart) ??
      // A name may stand in the file in its quoted form.
      this.#aliases.get(addressKey(lower).slice(0, -address.domain.length - 1))
    );
  }

  async #withIncludes(
    entry: AliasEntry,
    isEverybodys: boolean,
    problems: FileProblem[],
  ): Promise<readonly AliasTarget[]> {
    const targets: AliasTarget[] = [];
    const reader: IncludeReader = {
      folders: this.#config.includeFolders ?? [],
      seen: new Set(),
      targets,
      problems,
    };
    const where = { path: this.#config.path, line: entry.line };
    for (const target of entry.targets) {
      if (target.kind === "include") await include(reader, target.path, where, 1);
      else targets.push(this.#allowed(target, isEverybodys, where, problems));
    }
    return targets;
  }

  /** A file, a command or a transport becomes a target where the operator allows it. */
  #allowed(
    target: Exclude<ParsedTarget, { kind: "include" }>,
    isEverybodys: boolean,
    where: Place,
    problems: FileProblem[],
  ): AliasTarget {
    const allowed = isEverybodys
      ? onlyAddresses(target, "everybody may write to this file")
      : allowTarget(target, this.#config, this.#transports);
    if (allowed.kind === "refused" && target.kind !== "refused") {
      problems.push({ ...where, problem: `${allowed.text}: ${allowed.problem}` });
    }
    return allowed;
  }
}

type IncludeReader = {
  readonly folders: readonly string[];
  readonly seen: Set<string>;
  readonly targets: AliasTarget[];
  readonly problems: FileProblem[];
};

type Place = { readonly path: string; readonly line: number };

async function include(
  reader: IncludeReader,
  path: string,
  from: Place,
  depth: number,
): Promise<void> {
  const refuse = (problem: string): void => {
    reader.problems.push({ ...from, problem: `:include:${path}: ${problem}` });
    reader.targets.push({ kind: "refused", text: `:include:${path}`, problem });
  };
  if (reader.folders.length === 0) return refuse("includes are not allowed (includeFolders)");
  if (depth > MAX_INCLUDE_DEPTH) return refuse("includes are nested too deeply");
  if (!path.startsWith("/")) return refuse("an included file needs an absolute path");
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return refuse("there is no such file");
  if (
    !reader.folders.some((folder) => real.startsWith(folder.endsWith(sep) ? folder : folder + sep))
  ) {
    return refuse("it is not below one of includeFolders");
  }
  if (reader.seen.has(real)) return;
  reader.seen.add(real);
  const file = await readText(real, "included");
  if ("problem" in file) return refuse(file.problem);
  let line = 0;
  for (const text of file.text.split(/\r?\n/)) {
    line++;
    if (text.startsWith("#")) continue;
    const parsed = parseAliasTargets(text);
    for (const problem of parsed.problems) reader.problems.push({ path: real, line, problem });
    for (const target of parsed.targets) {
      if (reader.targets.length >= MAX_INCLUDED_TARGETS)
        return refuse("it holds too many addresses");
      if (target.kind === "include")
        await include(reader, target.path, { path: real, line }, depth + 1);
      else {
        const taken = onlyAddresses(target);
        if (taken.kind === "refused") {
          const problem = `${taken.text}: ${taken.problem}`;
          if (target.kind !== "refused") reader.problems.push({ path: real, line, problem });
        }
        reader.targets.push(taken);
      }
    }
  }
}

function onlyAddresses(
  target: Exclude<ParsedTarget, { kind: "include" }>,
  problem = "an included file holds addresses only",
): AliasTarget {
  if (target.kind === "address" || target.kind === "mailbox" || target.kind === "refused") {
    return target;
  }
  return { kind: "refused", text: target.text, problem };
}

async function readText(
  path: string,
  whose: "own" | "included",
): Promise<
  { readonly text: string; readonly isEverybodys: boolean } | { readonly problem: string }
> {
  try {
    const file = await open(path, "r");
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return { problem: "it is not a regular file" };
      if (stat.size > MAX_FILE_OCTETS) return { problem: "it is larger than 64 MB" };
      const isEverybodys = (stat.mode & 0o002) !== 0;
      if (whose === "included" && isEverybodys) return { problem: "everybody may write to it" };
      return { text: await file.readFile("utf8"), isEverybodys };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { problem: whyUnreadable(error) };
  }
}
