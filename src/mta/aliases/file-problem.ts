/** What is wrong in a file of the operator's, where, and why one could not be read, in words. */

export type FileProblem = {
  readonly path: string;
  /** 0: the whole file. */
  readonly line: number;
  readonly problem: string;
};

/** `/etc/aliases:12`, or the path alone. */
export function placeOf({ path, line }: FileProblem): string {
  return line === 0 ? path : `${path}:${line}`;
}

export function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS.get(code ?? "") ?? `it cannot be read: ${message}`;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file or folder"],
  ["ENOTDIR", "there is no such file or folder"],
  ["EACCES", "the user that Posthorn runs as may not read it"],
  ["EISDIR", "it is a folder"],
]);
