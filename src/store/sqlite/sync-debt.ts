/**
 * Commits that nobody waits for the disk with. Claims and kept columns may be lost in a power cut.
 * Outcomes of attempts that file nothing may be for a moment: losing one is as if the power had gone
 * before its commit, and the recipient is tried again. So they share the sync of the next commit,
 * and get one of their own only if none comes. Files go once the disk knows that no row needs them.
 */

import { unlinkSync } from "node:fs";
import { join } from "node:path";

import type { Database } from "./database.ts";
import type { Batch, PostedRequest, RequestOf, WriterEvent } from "./requests.ts";

/** Settlements that were committed and not synced. */
export type Debt = { readonly sinceMs: number };

export class SyncDebt {
  readonly #database: Database;
  readonly #folder: string;
  readonly #lingerMs: number;
  #debt: Debt | undefined;
  readonly #doomed: string[] = [];

  constructor(database: Database, segmentsFolder: string, lingerMs: number) {
    this.#database = database;
    this.#folder = segmentsFolder;
    this.#lingerMs = lingerMs;
  }

  get debt(): Debt | undefined {
    return this.#debt;
  }

  /** Whether the commit of these must wait for the disk. */
  mustSync(batches: readonly Batch[]): boolean {
    const isOld =
      this.#debt !== undefined && batches[0].nowMs - this.#debt.sinceMs > this.#lingerMs;
    return isOld || batches.some(({ requests }) => requests.some((posted) => !mayLinger(posted)));
  }

  /** After a commit; `doomed`: segment files that no row needs any more. Returns what went wrong. */
  committed(
    batches: readonly Batch[],
    isSynced: boolean,
    doomed: readonly string[],
  ): WriterEvent[] {
    this.#doomed.push(...doomed);
    if (isSynced) return this.#paid();
    const owes = batches.some(({ requests }) => requests.some(isSettlement));
    if (owes) this.#debt ??= { sinceMs: batches[0].nowMs };
    return [];
  }

  /** A sync for what no other commit has come for. */
  pay(): WriterEvent[] {
    if (this.#debt === undefined && this.#doomed.length === 0) return [];
    try {
      // A write of nothing: the sync of its commit makes durable all that came before.
      this.#database.run("UPDATE meta SET value = value WHERE key = 'server_secret'");
      return this.#paid();
    } catch (error) {
      // The next commit pays.
      return [eventOf("store.settlements-not-synced", error)];
    }
  }

  #paid(): WriterEvent[] {
    this.#debt = undefined;
    return this.#doomed.splice(0).flatMap((file) => {
      try {
        unlinkSync(join(this.#folder, file));
        return [];
      } catch (error) {
        return [eventOf("store.segment-not-removed", error)];
      }
    });
  }
}

function mayLinger(posted: PostedRequest): boolean {
  return posted.name === "claim" || posted.name === "keepColumns" || isSettlement(posted);
}

function isSettlement({ name, request }: PostedRequest): boolean {
  return name === "settle" && (request as RequestOf<"settle">).reports.length === 0;
}

function eventOf(event: string, error: unknown): WriterEvent {
  return { level: "warn", event, fields: { problem: String(error) } };
}
