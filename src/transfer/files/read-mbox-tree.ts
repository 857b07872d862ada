/**
 * A file of mbox, or a tree of such files as mail programs keep them: Thunderbird (`Name` and what is
 * below it in `Name.sbd/`), Apple Mail (`Name.mbox/mbox`), Dovecot, mutt and others (plain folders).
 */

import { basename, join } from "node:path";
import { detectDialect } from "../../message/mbox/detect-dialect.ts";
import { hasContentLength, type MboxDialect } from "../../message/mbox/dialect.ts";
import { readEntry } from "../../message/mbox/read-entry.ts";
import { isMbox, scanEntries } from "../../message/mbox/scan-entries.ts";
import type { MailSource, SourceMailbox, SourceMessage } from "../mail-source.ts";
import { levelOfFileName } from "./level-name.ts";
import { DiskFile, listFolder, MAX_DEPTH, MAX_FOLDERS, withFile } from "./read-tree.ts";

export type MboxWish = {
  readonly dialect: MboxDialect | "auto";
  readonly onProblem: (where: string, problem: string) => void;
};

export async function readMboxFile(path: string, wish: MboxWish): Promise<MailSource> {
  const sizeOctets = await withFile(path, async (file) => file.sizeOctets);
  const name = levelOfFileName(basename(path).replace(/\.(?:mbox|mbx)$/i, ""));
  return { mailboxes: [mailboxOf(path, name, sizeOctets, wish)], subscriptions: undefined };
}

export async function readMboxTree(path: string, wish: MboxWish): Promise<MailSource> {
  const mailboxes: SourceMailbox[] = [];
  let folders = 0;
  const visit = async (folder: string, levels: readonly string[]): Promise<void> => {
    if (levels.length > MAX_DEPTH || ++folders > MAX_FOLDERS) {
      wish.onProblem(folder, "folders are nested too deep or are too many; left out");
      return;
    }
    const entries = await listFolder(folder, (name) =>
      wish.onProblem(join(folder, name), "a link or no plain file; left out"),
    );
    for (const { name, kind } of entries) {
      const inner = join(folder, name);
      if (kind === "folder") {
        if (!name.startsWith(".")) await visit(inner, [...levels, levelOf(name)]);
      } else if (!isOtherFile(name)) {
        const sizeOctets = await sizeOfMbox(inner);
        // Apple Mail: the folder has the name.
        const own = /^mbox$/i.test(name) && /\.mbox$/i.test(folder) ? [] : [levelOf(name)];
        const levelsHere = [...levels, ...own].join("/");
        if (sizeOctets !== undefined) {
          mailboxes.push(mailboxOf(inner, levelsHere, sizeOctets, wish));
        } else wish.onProblem(inner, "not an mbox: it does not begin with a From line; left out");
      }
    }
  };
  await visit(path, []);
  return { mailboxes, subscriptions: undefined };
}

function levelOf(fileName: string): string {
  return levelOfFileName(fileName.replace(/\.(?:sbd|mbox|mbx)$/i, ""));
}

/** What mail programs keep beside their mailboxes. */
function isOtherFile(name: string): boolean {
  return (
    name.startsWith(".") ||
    /\.(?:msf|dat|lock|json|sqlite|html|txt|plist|part|log|cache|index|sbd)$/i.test(name)
  );
}

/** Empty files are empty mailboxes; undefined: not an mbox. */
async function sizeOfMbox(path: string): Promise<number | undefined> {
  return withFile(path, async (file) =>
    file.sizeOctets === 0 || (await isMbox(file)) ? file.sizeOctets : undefined,
  );
}

function mailboxOf(path: string, name: string, sizeOctets: number, wish: MboxWish): SourceMailbox {
  return { name, sizeOctets, messages: () => messagesOf(path, wish) };
}

async function* messagesOf(path: string, wish: MboxWish): AsyncGenerator<SourceMessage> {
  const file = await DiskFile.open(path);
  try {
    const dialect = wish.dialect === "auto" ? await detectDialect(file) : wish.dialect;
    const useContentLength = hasContentLength(dialect);
    let reached = 0;
    for await (const entry of scanEntries(file, { useContentLength })) {
      reached = entry.end;
      const where = `${path}, octet ${entry.at}`;
      const { flags, content } = await readEntry(file, entry, dialect);
      const dateMs = entry.atMs ?? file.mtimeMs;
      yield { where, sizeOctets: entry.end - entry.start, flags, dateMs, content };
    }
    if (reached === 0 && file.sizeOctets > 0) wish.onProblem(path, "no message was found in it");
  } finally {
    await file.close();
  }
}
