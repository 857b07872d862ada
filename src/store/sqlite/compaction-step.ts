/** One bite of compaction as a commit of its own, on the writer thread, between those of mail. */

import { unlinkSync } from "node:fs";
import { join } from "node:path";

import { buryReleased, hasReleased } from "./bury-messages.ts";
import type { CommitContext } from "./commit-context.ts";
import type { CompactionPolicy } from "./compaction-policy.ts";
import { Compactor, type Bite, type Move } from "./compactor.ts";
import { LargeMove } from "./large-move.ts";
import type { Tidied, WriterEvent } from "./requests.ts";
import { SegmentAppender, type Appended } from "./segment-appender.ts";
import type { CommitPoint } from "./commit-point.ts";

type Options = {
  readonly policy: CompactionPolicy;
  readonly segmentOctets: number;
  readonly at: (point: CommitPoint) => void;
};

export class CompactionStep {
  readonly #context: CommitContext;
  readonly #compactor: Compactor;
  /** Its own segments: what a failed bite leaves there concerns no delivery. */
  readonly #appender: SegmentAppender;
  readonly #at: (point: CommitPoint) => void;
  /** Begun, and to be carried on with. */
  #large: LargeMove | undefined;

  constructor(context: CommitContext, { policy, segmentOctets, at }: Options) {
    const { database, folders, writerId } = context;
    this.#context = context;
    this.#at = at;
    this.#appender = new SegmentAppender(database, folders, writerId, segmentOctets, "packed");
    this.#compactor = new Compactor(context, policy);
  }

  /** Never rejects: what fails is tried again another time. */
  async step(nowMs: number): Promise<Tidied> {
    const { doomed } = this.#context;
    const events: WriterEvent[] = [];
    let removed: readonly string[] = [];
    let hasMore = false;
    doomed.length = 0;
    try {
      hasMore = await this.#bite(nowMs, events);
      removed = [...doomed];
      this.#removeFiles(removed, events);
    } catch (error) {
      events.push(warning("store.compaction-failed", error));
    }
    doomed.length = 0;
    return { type: "tidied", hasMore, removed, events };
  }

  /** Who is dead is seen to first: the rest goes by how much is. Whether there is more to do at once. */
  async #bite(nowMs: number, events: WriterEvent[]): Promise<boolean> {
    if (hasReleased(this.#context)) {
      this.#transact(nowMs, () => buryReleased(this.#context));
      return true;
    }
    const bite = this.#large ?? this.#compactor.nextBite(nowMs, events);
    if (bite instanceof LargeMove) await this.#movePiece(bite, nowMs, events);
    else if (bite !== undefined) await this.#moveBite(bite, nowMs);
    else if (this.#compactor.hasDead()) {
      this.#transact(nowMs, () => this.#compactor.removeDead());
    }
    return bite !== undefined;
  }

  /** Nothing more is appended to the segment at hand. */
  close(): void {
    this.#appender.seal();
  }

  async #moveBite(bite: Bite, nowMs: number): Promise<void> {
    try {
      const appended = this.#appender.append(bite.octets);
      await this.#appender.sync();
      this.#move(bite, appended, nowMs);
    } catch (error) {
      this.#appender.rolledBack();
      throw error;
    }
    this.#moved();
  }

  /** What was appended of a message counts only with its last piece. */
  async #movePiece(large: LargeMove, nowMs: number, events: WriterEvent[]): Promise<void> {
    this.#large = undefined;
    let isMoved = false;
    try {
      const piece = large.nextPiece();
      if (piece !== undefined) {
        large.appended = this.#appender.append(piece);
        await this.#appender.sync();
        if (!large.isComplete) {
          this.#large = large;
          return;
        }
        isMoved = this.#moveLarge(large, nowMs);
      }
    } finally {
      if (!isMoved && this.#large === undefined) this.#appender.rolledBack();
    }
    if (isMoved) this.#moved();
    // When it was expunged meanwhile, its segment may have gone with it.
    else if (this.#compactor.isThere(large)) this.#compactor.spoil(large.victim, events);
  }

  #moveLarge(large: LargeMove, nowMs: number): boolean {
    const { victim, row, appended } = large;
    if (appended === undefined || !large.isUnharmed()) return false;
    const messages = [{ row, length: row.size, isPacked: false }];
    this.#move({ victim, messages }, appended, nowMs);
    return true;
  }

  #move(move: Move, appended: Appended, nowMs: number): void {
    this.#at("compaction-copied");
    this.#transact(nowMs, () => {
      this.#compactor.move(move, appended);
      this.#compactor.removeDead();
      const { ledger } = this.#context;
      const written = this.#appender.writtenLength;
      if (written === undefined) return;
      ledger.change(ledger.segment(written.segmentId)).lengthOctets = written.octets;
    });
  }

  #moved(): void {
    this.#appender.committed();
    this.#at("compaction-committed");
  }

  #transact(nowMs: number, work: () => void): void {
    const { database, ledger, doomed } = this.#context;
    try {
      database.run("BEGIN IMMEDIATE");
      this.#context.begin(nowMs);
      work();
      ledger.flush();
      database.exec("COMMIT");
    } catch (error) {
      doomed.length = 0;
      ledger.reset();
      database.rollBack();
      throw error;
    }
  }

  #removeFiles(files: readonly string[], events: WriterEvent[]): void {
    for (const file of files) {
      try {
        unlinkSync(join(this.#context.folders.segments, file));
      } catch (error) {
        events.push(warning("store.segment-not-removed", error));
      }
    }
  }
}

function warning(event: string, error: unknown): WriterEvent {
  return { level: "warn", event, fields: { problem: String(error) } };
}
