/**
 * One SQLite connection with its prepared statements. Statements are kept by their text, which is
 * always a constant: values only ever travel as parameters, never inside the text.
 */

import { closeSync, constants, fchmodSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

import { storeError } from "./store-error.ts";

export type Value = SQLInputValue;

const WRITE_TIMEOUT_MS = 10_000;
/** Readers wait for no writer; what little waiting there is stands in the event loop's way. */
const READ_TIMEOUT_MS = 1000;

export class Database {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #arrays = new Map<string, StatementSync>();

  private constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  /** The writing side: write-ahead log, and every commit on disk before it returns. */
  static openForWriting(file: string): Database {
    return attempt("opening the database", () => {
      makePrivateFile(file);
      const connection = new DatabaseSync(file, { timeout: WRITE_TIMEOUT_MS });
      connection.exec("PRAGMA journal_mode = WAL");
      connection.exec("PRAGMA synchronous = FULL");
      connection.exec("PRAGMA foreign_keys = OFF");
      connection.exec("PRAGMA cache_size = -65536");
      connection.exec("PRAGMA wal_autocheckpoint = 1000");
      connection.exec("PRAGMA journal_size_limit = 67108864");
      connection.exec("PRAGMA temp_store = MEMORY");
      return new Database(connection);
    });
  }

  static openForReading(file: string): Database {
    return attempt("opening the database", () => {
      const connection = new DatabaseSync(file, { readOnly: true, timeout: READ_TIMEOUT_MS });
      connection.exec("PRAGMA cache_size = -32768");
      return new Database(connection);
    });
  }

  exec(sql: string): void {
    attempt("writing the database", () => this.#connection.exec(sql));
  }

  /** Runs a statement; returns how many rows it changed. */
  run(sql: string, ...values: Value[]): number {
    try {
      return Number(this.#prepared(sql).run(...values).changes);
    } catch (error) {
      throw storeError(error, "writing the database");
    }
  }

  /** The same where row numbers may be beyond those that JavaScript counts with: tables of FTS5. */
  runIndexed(sql: string, ...values: Value[]): void {
    try {
      const statement = this.#prepared(sql);
      statement.setReadBigInts(true);
      statement.run(...values);
    } catch (error) {
      throw storeError(error, "writing the search index");
    }
  }

  get<Row>(sql: string, ...values: Value[]): Row | undefined {
    try {
      return this.#prepared(sql).get(...values) as Row | undefined;
    } catch (error) {
      throw storeError(error, "reading the database");
    }
  }

  all<Row>(sql: string, ...values: Value[]): Row[] {
    try {
      return this.#prepared(sql).all(...values) as Row[];
    } catch (error) {
      throw storeError(error, "reading the database");
    }
  }

  /** Rows as arrays, in the order of the columns: a third cheaper than objects for long scans. */
  arrays(sql: string, ...values: Value[]): Value[][] {
    try {
      let statement = this.#arrays.get(sql);
      if (statement === undefined) {
        statement = this.#connection.prepare(sql);
        statement.setReturnArrays(true);
        this.#arrays.set(sql, statement);
      }
      return statement.all(...values) as unknown as Value[][];
    } catch (error) {
      throw storeError(error, "reading the database");
    }
  }

  /**
   * Whether the next commits wait for the disk. One that does not is seen by all at once, outlives
   * this process, and is on the disk with the next that does.
   */
  setDurable(isDurable: boolean): void {
    this.exec(`PRAGMA synchronous = ${isDurable ? "FULL" : "NORMAL"}`);
  }

  /** Grows whenever another connection has committed something. */
  dataVersion(): number {
    return this.get<{ data_version: number }>("PRAGMA data_version")?.data_version ?? 0;
  }

  /** One consistent view for several reads. */
  snapshot<T>(read: () => T): T {
    this.exec("BEGIN");
    try {
      return read();
    } finally {
      this.exec("COMMIT");
    }
  }

  /** One transaction of all that `action` writes; nothing of it if that throws. */
  transact<T>(action: () => T): T {
    this.exec("BEGIN IMMEDIATE");
    try {
      const answer = action();
      this.exec("COMMIT");
      return answer;
    } catch (error) {
      this.rollBack();
      throw error;
    }
  }

  /** Also where the transaction could not begin, or SQLite has rolled back by itself. */
  rollBack(): void {
    try {
      this.exec("ROLLBACK");
    } catch {
      // There is none.
    }
  }

  close(): void {
    this.#statements.clear();
    this.#arrays.clear();
    this.#connection.close();
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** SQLite gives its side files the mode of the main file, so that one is made here, whatever the umask. */
function makePrivateFile(file: string): void {
  const descriptor = openSync(
    file,
    constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    fchmodSync(descriptor, 0o600);
  } finally {
    closeSync(descriptor);
  }
}

function attempt<T>(doing: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw storeError(error, doing);
  }
}
