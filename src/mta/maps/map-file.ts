/**
 * One address table on the disk, read anew on `load`. Problems are returned with file and line; the
 * good entries work all the same, and when the file cannot be read at all the entries of the last
 * time stay.
 */

import { open } from "node:fs/promises";
import { whyUnreadable, type FileProblem } from "../aliases/file-problem.ts";
import { parseMapFile } from "./parse-map-file.ts";

export type FoundEntry = {
  readonly value: string;
  /** `/etc/posthorn/virtual:12` */
  readonly source: string;
};

/** What is wrong with a value, or undefined. */
export type CheckValue = (value: string) => string | undefined;

const MAX_FILE_OCTETS = 64 * 1024 * 1024;

export class MapFile {
  readonly path: string;
  readonly #check: CheckValue;
  #entries: ReadonlyMap<string, FoundEntry> = new Map();

  constructor(path: string, check: CheckValue) {
    this.path = path;
    this.#check = check;
  }

  async load(): Promise<readonly FileProblem[]> {
    const { path } = this;
    let text: string;
    try {
      text = await readSmall(path);
    } catch (error) {
      return [{ path, line: 0, problem: whyUnreadable(error) }];
    }
    const parsed = parseMapFile(text);
    const problems = parsed.problems.map((found) => ({ path, ...found }));
    const entries = new Map<string, FoundEntry>();
    for (const { key, value, line } of parsed.entries) {
      const problem = this.#check(value);
      if (problem === undefined) entries.set(key, { value, source: `${path}:${line}` });
      else problems.push({ path, line, problem: `"${key}": ${problem}` });
    }
    this.#entries = entries;
    return problems.toSorted((a, b) => a.line - b.line);
  }

  get(key: string): FoundEntry | undefined {
    return this.#entries.get(key);
  }
}

async function readSmall(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error("it is not a regular file");
    if (stat.size > MAX_FILE_OCTETS) throw new Error("it is larger than 64 MB");
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
