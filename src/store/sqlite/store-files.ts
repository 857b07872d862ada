/** Where in the data folder what lies, and how its files are made: private to their owner, whatever the umask. */

import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
} from "node:fs";
import { join } from "node:path";

export type StoreFolders = {
  readonly folder: string;
  readonly database: string;
  /** The search index: a database of its own, which can be made again. */
  readonly search: string;
  readonly segments: string;
  readonly spool: string;
  /** Columns of large mailboxes: kept only to be read faster, and made again when they are gone. */
  readonly columns: string;
};

export function storeFolders(folder: string): StoreFolders {
  return {
    folder,
    database: join(folder, "posthorn.db"),
    search: join(folder, "search.db"),
    segments: join(folder, "segments"),
    spool: join(folder, "spool"),
    columns: join(folder, "columns"),
  };
}

export function makeStoreFolders(folders: StoreFolders): void {
  const { folder: data, segments, spool, columns } = folders;
  for (const folder of [data, segments, spool, columns]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  }
}

/** Flags for a file that must not exist yet and is never reached through a link. */
export const CREATE_FLAGS: number =
  constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Makes a new file, mode 0600; returns its descriptor. */
export function createPrivateFile(path: string): number {
  const descriptor = openSync(path, CREATE_FLAGS, 0o600);
  try {
    fchmodSync(descriptor, 0o600);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** After a file was made in, renamed into or removed from a folder: only this makes its name durable. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
