/**
 * Where each key of a TOML document stands, so that a wrong setting can be shown by line and
 * column: the TOML parser gives values only. Takes a document the parser has accepted; on any other
 * it stops early, and then some positions are missing.
 */

export type Position = { readonly line: number; readonly column: number };
export type KeyPath = readonly (string | number)[];

/** Position of the key (or array element) at a path, written as `pathKey` does. */
export function locateKeys(source: string): ReadonlyMap<string, Position> {
  return new Scanner(source).scan();
}

export function pathKey(path: KeyPath): string {
  return JSON.stringify(path);
}

class Scanner {
  readonly #source: string;
  readonly #found = new Map<string, Position>();
  /** How many elements each array of tables has so far. */
  readonly #repeats = new Map<string, number>();
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  scan(): ReadonlyMap<string, Position> {
    let table: KeyPath = [];
    for (;;) {
      this.#skip(/[\s]*(?:#[^\n]*\s*)*/y);
      if (this.#at >= this.#source.length) return this.#found;
      const before = this.#at;
      table = this.#source[this.#at] === "[" ? this.#header() : this.#pair(table);
      if (this.#at === before) return this.#found;
    }
  }

  #header(): KeyPath {
    const start = this.#at;
    const isRepeated = this.#source.startsWith("[[", start);
    this.#at += isRepeated ? 2 : 1;
    const path = this.#withIndices(this.#key());
    this.#skip(/[^\n]*/y);
    if (!isRepeated) {
      this.#note(path, start);
      return path;
    }
    const index = this.#repeats.get(pathKey(path)) ?? 0;
    this.#repeats.set(pathKey(path), index + 1);
    if (index === 0) this.#note(path, start);
    this.#note([...path, index], start);
    return [...path, index];
  }

  /** A header below an array of tables means the array's last element. */
  #withIndices(names: readonly string[]): (string | number)[] {
    const path: (string | number)[] = [];
    names.forEach((name, i) => {
      path.push(name);
      const count = this.#repeats.get(pathKey(path));
      if (count !== undefined && i < names.length - 1) path.push(count - 1);
    });
    return path;
  }

  /** `key = value`; returns the table it stands in. */
  #pair(table: KeyPath): KeyPath {
    const start = this.#at;
    const names = this.#key();
    names.forEach((_, i) => this.#note([...table, ...names.slice(0, i + 1)], start));
    this.#skip(/[ \t]*=[ \t]*/y);
    this.#value([...table, ...names]);
    return table;
  }

  #key(): string[] {
    const names: string[] = [];
    for (;;) {
      this.#skip(/[ \t]*/y);
      const part = this.#take(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+/y);
      if (part === undefined) return names;
      names.push(unquoted(part));
      if (this.#take(/[ \t]*\./y) === undefined) return names;
    }
  }

  #value(path: KeyPath): void {
    const opening = this.#source[this.#at];
    if (opening === "{" || opening === "[") return this.#container(path, opening);
    const isString = this.#take(
      /"""(?:[^\\]|\\[\s\S])*?"""+|'''[\s\S]*?'''+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y,
    );
    if (isString === undefined) this.#skip(/[^,\]}\n#]*/y);
  }

  #container(path: KeyPath, opening: "{" | "["): void {
    const closing = opening === "{" ? "}" : "]";
    this.#at++;
    for (let index = 0; this.#at < this.#source.length; index++) {
      this.#skip(/(?:[\s,]|#[^\n]*)*/y);
      if (this.#source[this.#at] === closing) break;
      const before = this.#at;
      if (opening === "{") this.#pair(path);
      else {
        this.#note([...path, index], this.#at);
        this.#value([...path, index]);
      }
      if (this.#at === before) return;
    }
    this.#at++;
  }

  #note(path: KeyPath, at: number): void {
    const key = pathKey(path);
    if (this.#found.has(key)) return;
    const before = this.#source.slice(0, at);
    const lineStart = before.lastIndexOf("\n") + 1;
    this.#found.set(key, { line: before.split("\n").length, column: at - lineStart + 1 });
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source)?.[0];
    if (match !== undefined) this.#at += match.length;
    return match;
  }

  #skip(pattern: RegExp): void {
    this.#take(pattern);
  }
}

function unquoted(part: string): string {
  if (part.startsWith("'")) return part.slice(1, -1);
  if (!part.startsWith('"')) return part;
  try {
    return String(JSON.parse(part));
  } catch {
    return part.slice(1, -1);
  }
}
