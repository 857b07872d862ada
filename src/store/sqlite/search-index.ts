/** The reading side of the search index: which messages of a mailbox may hold a text. */

import { existsSync } from "node:fs";

import type { TextCandidates, TextQuery } from "../mail.ts";
import { Database } from "./database.ts";
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
  #database: Database | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Undefined when the index says nothing about it: then every message has to be looked at. */
  candidates(mailbox: SearchedMailbox, query: TextQuery): TextCandidates | undefined {
    const match = searchMatch(query.field, query.text);
    if (match === undefined) return undefined;
    try {
      this.#database ??= this.#open();
      const database = this.#database;
      return database?.snapshot(() => this.#look(database, mailbox, { match, query }));
    } catch {
      // Begun anew at this moment, or broken: the index is a help, not a condition.
      this.close();
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

  #open(): Database | undefined {
    return existsSync(this.#file) ? Database.openForReading(this.#file) : undefined;
  }

  close(): void {
    try {
      this.#database?.close();
    } finally {
      this.#database = undefined;
    }
  }
}
