/** Brings a database to the schema this Posthorn knows, step by step, all or nothing. */

import { MailError } from "../../base/errors.ts";
import type { Database } from "./database.ts";
import type { SchemaStep } from "./schema.ts";

/** `POST`: marks the file as Posthorn's (SQLite header, `application_id`). */
const APPLICATION_ID = 0x504f5354;

/** Returns the version found before. Rejects with `store-newer`, `store-corrupt` (not ours). */
export function migrate(database: Database, steps: readonly SchemaStep[]): number {
  const newest = steps.at(-1)?.version ?? 0;
  if (versionOf(database) === newest) return newest;
  return database.transact(() => {
    // Read again under the lock: another process may have been faster.
    const found = versionOf(database);
    if (found > newest) {
      throw new MailError(
        "store-newer",
        `the data folder has schema ${found}, this Posthorn knows up to ${newest}: start the newer Posthorn`,
      );
    }
    if (found === 0) checkIsEmpty(database);
    for (const step of steps) if (step.version > found) database.exec(step.sql);
    database.exec(`PRAGMA user_version = ${newest}`);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    return found;
  });
}

function versionOf(database: Database): number {
  return database.get<{ user_version: number }>("PRAGMA user_version")?.user_version ?? 0;
}

function checkIsEmpty(database: Database): void {
  const table = database.get<{ name: string }>("SELECT name FROM sqlite_schema LIMIT 1");
  if (table !== undefined) {
    throw new MailError("store-corrupt", "the database in the data folder is not Posthorn's");
  }
}
