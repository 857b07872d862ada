/** The reading side of the search index: which messages of a mailbox may hold a text. */

import type { TextCandidates, TextQuery } from "../mail.ts";
import { isMailError } from "../../base/errors.ts";
import { Database } from "./database.ts";
import { searchFileNumber } from "./search-database.ts";
import { searchMatch } from "./search-match.ts";

/** A mailbox as it is now: what was indexed of another of its name or number does not count. */
export type SearchedMailbox = {
  readonly id: number;
  readonly uidValidity: number;
  readonly uidNext: number;
};

const PROGRESS = "SELECT uid FROM progress WHERE mailbox_id = ? AND uid_validity = ?";
const MATCHES = `SELECT rowid & 4294967295 AS uid FROM search_text WHERE search_text MATCH ?
  AND rowid BETWEEN (? << 32) + ? AND (? << 32) + ?`;

export class SearchIndex {
  readonly #file: string;
  readonly #onDamage: (fileNumber: number, problem: string) => void;
  #database: Database | undefined;
  #fileNumber: number | undefined;

  /** `onDamage` hears which file a search has found damaged. */
  constructor(file: string, onDamage: (fileNumber: number, problem: string) => void) {
    this.#file = file;
    this.#onDamage = onDamage;
  }

  /** Undefined when the index says nothing about it: then every message has to be looked at. */
  candidates(mailbox: SearchedMailbox, query: TextQuery): TextCandidates | undefined {
    const match = searchMatch(query.field, query.text);
    if (match === undefined) return undefined;
    try {
      const database = this.#current();
      return database?.snapshot(() => this.#look(database, mailbox, { match, query }));
    } catch (error) {
      // Begun anew at this moment, or broken: the index is a help, not a condition.
      const number = this.#fileNumber;
      this.close();
      if (isMailError(error, "store-corrupt") && number !== undefined) {
        this.#onDamage(number, error.message);
      }
      return undefined;
    }
  }

  #look(
    database: Database,
    { id, uidValidity, uidNext }: SearchedMailbox,
    { match, query }: { readonly match: string; readonly query: TextQuery },
  ): TextCandidates | undefined {
    const indexedTo = database.get<{ uid: number }>(PROGRESS, id, uidValidity)?.uid ?? 0;
    if (indexedTo === 0 || indexedTo < query.from || indexedTo >= uidNext) return undefined;
    const rows = database.arrays(MATCHES, match, id, query.from, id, query.to);
    return { indexedTo, uids: new Set(rows.map(([uid]) => uid as number)) };
  }

  #current(): Database | undefined {
    const number = searchFileNumber(this.#file);
    if (this.#database !== undefined && number === this.#fileNumber) return this.#database;
    this.close();
    this.#fileNumber = number;
    if (number !== undefined) this.#database = Database.openForReading(this.#file);
    return this.#database;
  }

  close(): void {
    try {
      this.#database?.close();
    } finally {
      this.#database = undefined;
    }
  }
}
