/** Mail at a path, as a source; and a target at a path, in the format that was asked for. */

import { lstat, readdir } from "node:fs/promises";
import { MailError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import type { MboxDialect } from "../../message/mbox/dialect.ts";
import type { MailSource, MailTarget } from "../mail-source.ts";
import { findFormat, type FileFormat } from "./detect-format.ts";
import { throwFileError } from "../../base/file-error.ts";
import { readEmlFile, readEmlTree } from "./read-eml-tree.ts";
import { readMaildir } from "./read-maildir.ts";
import { readMboxFile, readMboxTree } from "./read-mbox-tree.ts";
import { EmlTarget } from "./write-eml-tree.ts";
import { MaildirTarget } from "./write-maildir.ts";
import { MboxTarget } from "./write-mbox.ts";

type OnProblem = (where: string, problem: string) => void;

export type FilesWish = {
  readonly format: FileFormat | "auto";
  readonly dialect: MboxDialect | "auto";
  readonly onProblem: OnProblem;
};

export async function openSource(
  path: string,
  wish: FilesWish,
): Promise<MailSource & { readonly format: FileFormat }> {
  const { format, isFolder } = await findFormat(path, wish.format);
  const { onProblem } = wish;
  const source = await {
    mbox: () => (isFolder ? readMboxTree(path, wish) : readMboxFile(path, wish)),
    maildir: () => readMaildir(path, onProblem),
    eml: async () => (isFolder ? readEmlTree(path, onProblem) : readEmlFile(path)),
  }[format]();
  return { ...source, format };
}

export type TargetWish = {
  readonly format: FileFormat;
  readonly dialect: MboxDialect;
  /** For mbox: the path becomes the one mailbox. */
  readonly isOneMailbox: boolean;
  readonly random: Random;
  readonly nowMs: number;
  readonly onProblem: OnProblem;
};

/** Rejects with `already-exists` where something is: nothing is ever overwritten or mixed in. */
export async function openTarget(path: string, wish: TargetWish): Promise<MailTarget> {
  await mustBeFree(path);
  switch (wish.format) {
    case "mbox":
      return new MboxTarget(path, wish.dialect, wish.isOneMailbox);
    case "maildir":
      return new MaildirTarget(path, wish, wish.onProblem);
    case "eml":
      return new EmlTarget(path);
    default:
      return wish.format satisfies never;
  }
}

async function mustBeFree(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    return throwFileError(path)(error);
  });
  if (found === undefined) return;
  if (found.isDirectory() && (await readdir(path)).length === 0) return;
  throw new MailError(
    "already-exists",
    `${path} is there already; export writes to a new path or an empty folder`,
  );
}
