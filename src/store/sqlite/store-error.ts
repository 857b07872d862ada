/** Turns failures of SQLite and of the file system into MailErrors, in one place. */

import { MailError, type ErrorCode } from "../../base/errors.ts";

/** Primary result codes of SQLite that say something about the environment. */
const SQLITE_CODES: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [5, "store-busy"], // SQLITE_BUSY
  [6, "store-busy"], // SQLITE_LOCKED
  [8, "disk-failed"], // SQLITE_READONLY
  [10, "disk-failed"], // SQLITE_IOERR
  [11, "store-corrupt"], // SQLITE_CORRUPT
  [13, "disk-full"], // SQLITE_FULL
  [14, "disk-failed"], // SQLITE_CANTOPEN
  [26, "store-corrupt"], // SQLITE_NOTADB
]);

const SYSTEM_CODES: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ["ENOSPC", "disk-full"],
  ["EDQUOT", "disk-full"],
  ["EFBIG", "disk-full"],
]);

/** The MailError for what SQLite or the file system threw; our own bugs pass through as they are. */
export function storeError(error: unknown, doing: string): unknown {
  if (error instanceof MailError || !(error instanceof Error)) return error;
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  if (typeof errcode === "number") {
    const known = SQLITE_CODES.get(errcode & 0xff);
    return known ? new MailError(known, `${doing}: ${error.message}`, { cause: error }) : error;
  }
  if (code === "ERR_INVALID_STATE") {
    return new MailError("store-closed", `${doing}: the store is closed`, { cause: error });
  }
  if (typeof code === "string" && /^E[A-Z0-9]+$/.test(code)) {
    const known = SYSTEM_CODES.get(code) ?? "disk-failed";
    return new MailError(known, `${doing}: ${error.message}`, { cause: error });
  }
  return error;
}
