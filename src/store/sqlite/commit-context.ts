/** What the operations of one commit work with, on the writer thread. */

import type { Appended } from "./segment-appender.ts";
import type { Database } from "./database.ts";
import { FairRank } from "./fair-rank.ts";
import type { Ledger } from "./ledger.ts";
import { ReadyLanes } from "./ready-lanes.ts";
import type { Span, WriterEvent } from "./requests.ts";
import type { StoreFolders } from "./store-files.ts";

/** A spool file that became a segment in this request; moved back if the request fails. */
export type AdoptedFile = { readonly spool: string; readonly segment: string };

export class CommitContext {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly folders: StoreFolders;
  readonly newFileName: () => string;
  readonly writerId: number;
  readonly lanes: ReadyLanes;
  readonly fairRank: FairRank = new FairRank();
  nowMs = 0;
  /** The batch at hand: its octets, where they went, and its small pieces. */
  octets: Uint8Array = new Uint8Array(0);
  extras: Uint8Array = new Uint8Array(0);
  appended: Appended | undefined;
  /** Why the batch's octets went nowhere: what needs them is refused with it. */
  diskProblem: unknown;
  isDirectoryChanged = false;
  isQueueChanged = false;
  readonly adopted: AdoptedFile[] = [];
  /** Segment files to delete once this has committed. */
  readonly doomed: string[] = [];
  readonly events: WriterEvent[] = [];

  constructor(
    database: Database,
    ledger: Ledger,
    folders: StoreFolders,
    writerId: number,
    newFileName: () => string,
  ) {
    this.database = database;
    this.ledger = ledger;
    this.lanes = new ReadyLanes(database);
    this.folders = folders;
    this.writerId = writerId;
    this.newFileName = newFileName;
  }

  begin(nowMs: number): void {
    this.nowMs = nowMs;
    this.diskProblem = undefined;
    this.isDirectoryChanged = false;
    this.isQueueChanged = false;
    this.doomed.length = 0;
    this.adopted.length = 0;
    this.events.length = 0;
    this.ledger.begin();
  }

  extra([from, length]: Span): Uint8Array {
    return this.extras.subarray(from, from + length);
  }
}
