/** What the file system says of a person's file, as a sentence with its name. */

import { MailError } from "./errors.ts";

const WORDS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file or folder"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EISDIR", "this is a folder"],
  ["ENOTDIR", "this is not a folder"],
  ["EEXIST", "it exists already"],
  ["ELOOP", "this is a symbolic link, which is not followed"],
  ["ENAMETOOLONG", "the name is too long"],
  ["EROFS", "the disk is read-only"],
]);

/** For `catch`: rethrows what the file system refused as a MailError, anything else as it is. */
export function throwFileError(path: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) throw error;
    const code = String(error.code);
    if (code === "ENOSPC" || code === "EDQUOT") {
      throw new MailError("disk-full", `${path}: the disk is full`, { cause: error });
    }
    const kind =
      code === "ENOENT" || code === "ELOOP" || code === "EACCES" ? "not-found" : "refused";
    throw new MailError(kind, `${path}: ${WORDS.get(code) ?? code}`, { cause: error });
  };
}
