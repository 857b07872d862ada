/** What kind of mail lies at a path, by looking: nobody should have to know. */

import { lstat, stat } from "node:fs/promises";
import { join } from "node:path";
import { MailError } from "../../base/errors.ts";
import { isMbox } from "../../message/mbox/scan-entries.ts";
import { throwFileError } from "../../base/file-error.ts";
import { isEml } from "./read-eml-tree.ts";
import { isMaildir } from "./read-maildir.ts";
import { listFolder, withFile } from "./read-tree.ts";

export const FILE_FORMATS = ["mbox", "maildir", "eml"] as const;

export type FileFormat = (typeof FILE_FORMATS)[number];

export type Found = { readonly format: FileFormat; readonly isFolder: boolean };

const MAX_LOOKS = 2000;

/** The path itself may be a link; what lies in it may not. */
export async function findFormat(path: string, wanted: FileFormat | "auto"): Promise<Found> {
  const found = await stat(path).catch(throwFileError(path));
  if (found.isDirectory()) {
    const format = wanted === "auto" ? await formatOfFolder(path) : wanted;
    if (format === undefined) {
      throw new MailError(
        "refused",
        `${path}: no mail is seen here: neither a Maildir (with cur and new) nor files of mbox nor .eml files; say --format if it is one`,
      );
    }
    return { format, isFolder: true };
  }
  if ((await lstat(path)).isSymbolicLink()) {
    throw new MailError("refused", `${path}: a symbolic link to a file; name the file itself`);
  }
  if (wanted !== "auto") return { format: wanted, isFolder: false };
  if (isEml(path.slice(path.lastIndexOf("/") + 1))) return { format: "eml", isFolder: false };
  if (await withFile(path, isMbox)) return { format: "mbox", isFolder: false };
  throw new MailError(
    "refused",
    `${path}: this is no mbox (at octet 0 there should be a line "From someone date") and no .eml file`,
  );
}

/** Breadth first, a bounded number of looks. */
async function formatOfFolder(path: string): Promise<FileFormat | undefined> {
  const folders = [path];
  let looks = 0;
  let found: FileFormat | undefined;
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const entries = await listFolder(folder);
    if (isMaildir(entries)) return "maildir";
    for (const { name, kind } of entries) {
      if (++looks > MAX_LOOKS) return found;
      if (kind === "folder") folders.push(join(folder, name));
      else if (isEml(name)) found ??= "eml";
      else if (found === undefined && !name.startsWith(".")) {
        if (await withFile(join(folder, name), isMbox)) found = "mbox";
      }
    }
  }
  return found;
}
