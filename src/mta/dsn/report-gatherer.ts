/**
 * Sends the reports that senders are owed: one for all recipients of a message that failed within a
 * short time, whatever their destinations. What is owed stands in the store, so a restart or another
 * process goes on where this one stopped. Decides only when; `Reporter` makes the report.
 */

import { NO_OCTETS } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { isMailError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Acceptance } from "../../store/acceptance.ts";
import type { Store } from "../../store/contract.ts";
import type { DueReport } from "../../store/owed-report.ts";
import { withoutFullMailboxes } from "../reception/full-mailboxes.ts";
import type { ReportedMessage } from "./reported.ts";
import type { Reporter } from "./reporter.ts";

export type GathererDeps = {
  readonly store: Pick<Store, "queue" | "directory" | "octets">;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly log: Log;
};

/** Reports made between two looks. */
const BATCH = 50;
const AFTER_FAULT_MS = 60_000;

export class ReportGatherer {
  readonly #deps: GathererDeps;
  /** Messages that something is owed about, as far as this process knows. */
  readonly #messages = new Set<string>();
  #isRunning = false;
  #looking: Promise<void> | undefined;
  /** Messages of which something was settled since the last look. */
  readonly #settled = new Set<string>();
  #mustLookAtAll = false;
  #cancelTimer: (() => void) | undefined;

  constructor(deps: GathererDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#lookAtAll();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancelTimer?.();
    await this.#looking;
  }

  /** Something of the message was settled; `isOwed`: with a report to come. */
  settled(queueId: string, isOwed: boolean): void {
    if (isOwed) this.#messages.add(queueId);
    if (!this.#messages.has(queueId)) return;
    this.#settled.add(queueId);
    this.#look();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#looking !== undefined) await this.#looking;
  }

  get isIdle(): boolean {
    return this.#looking === undefined;
  }

  #lookAtAll(): void {
    this.#mustLookAtAll = true;
    this.#look();
  }

  #look(): void {
    if (!this.#isRunning) return;
    this.#looking ??= this.#send().finally(() => {
      this.#looking = undefined;
      // Something was settled after the last look.
      if (this.#mustLookAtAll || this.#settled.size > 0) this.#look();
    });
  }

  /** Never rejects: a store that fails is asked again. */
  async #send(): Promise<void> {
    this.#cancelTimer?.();
    let waitMs: number | undefined;
    let hasFailed = false;
    try {
      // Whoever settles a hundred jobs at once is looked at once.
      await Promise.resolve();
      while (this.#isRunning) {
        const due = this.#due();
        if (due === undefined) break;
        let paid = 0;
        for (const report of due) if (await this.#tryToPay(report)) paid++;
        if (paid < due.length) hasFailed = true;
        // There may be more than was looked at; but what cannot be paid now is not tried on and on.
        if (paid > 0) this.#mustLookAtAll = true;
      }
      const dueMs = this.#deps.store.queue.nextReportMs();
      waitMs = dueMs === undefined ? undefined : dueMs - this.#deps.clock.nowMs();
      if (hasFailed) waitMs = AFTER_FAULT_MS;
    } catch (error) {
      this.#deps.log.error("mta.not-reported", error);
      waitMs = AFTER_FAULT_MS;
    }
    if (waitMs === undefined || !this.#isRunning) return;
    this.#cancelTimer = this.#deps.clock.setTimer(Math.max(0, waitMs), () => this.#lookAtAll());
  }

  /** Undefined: there is nothing to look at. */
  #due(): readonly DueReport[] | undefined {
    const { queue } = this.#deps.store;
    const look = { nowMs: this.#deps.clock.nowMs(), limit: BATCH };
    if (this.#mustLookAtAll) {
      this.#mustLookAtAll = false;
      this.#settled.clear();
      return queue.dueReports(look);
    }
    if (this.#settled.size === 0) return undefined;
    const settled = [...this.#settled];
    this.#settled.clear();
    return settled.flatMap((queueId) => queue.dueReports({ ...look, queueId }));
  }

  /** One report that cannot be made keeps no other back. Never rejects. */
  async #tryToPay(report: DueReport): Promise<boolean> {
    try {
      await this.#pay(report);
      return true;
    } catch (error) {
      this.#deps.log.error("mta.not-reported", error, { queueId: report.message.queueId });
      return false;
    }
  }

  async #pay(owed: DueReport): Promise<void> {
    const { reporter, store } = this.#deps;
    const { kind, ids, recipients } = owed;
    const about = this.#messageOf(owed);
    const report =
      kind === "internal"
        ? await reporter.toPostmaster(about, recipients)
        : await reporter.makeReport(kind, about, recipients);
    this.#messages.delete(owed.message.queueId);
    if (report === undefined) return store.queue.payReports(ids, []);
    try {
      await store.queue.payReports(ids, [report]);
    } catch (error) {
      await this.#payOtherwise(ids, report, error);
    }
  }

  async #payOtherwise(ids: readonly number[], report: Acceptance, error: unknown): Promise<void> {
    const { queue, directory } = this.#deps.store;
    const { message } = report;
    if (isMailError(error, "over-quota") && "sizeOctets" in message) {
      // The sender's mailbox has filled up since we looked: the report waits in the queue.
      const envelopes = withoutFullMailboxes(report.envelopes, message.sizeOctets, directory);
      if (envelopes !== undefined) return queue.payReports(ids, [{ ...report, envelopes }]);
    }
    if ("discard" in message) await message.discard();
    // Another process was faster, or an account has gone: look again.
    if (!isMailError(error, "not-found")) throw error;
  }

  #messageOf({ message }: DueReport): ReportedMessage {
    const { messageId, sizeOctets } = message;
    const { store, log } = this.#deps;
    return {
      ...message,
      // What is too long comes back as its header section alone.
      read: (maxOctets) =>
        store.octets.read(messageId, 0, Math.min(maxOctets, sizeOctets)).catch((error: unknown) => {
          // A report without the text is better than none.
          if (isMailError(error) && error.temporary) throw error;
          log.error("mta.reported-without-text", error, { queueId: message.queueId });
          return NO_OCTETS;
        }),
    };
  }
}
