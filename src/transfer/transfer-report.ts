/** What a transfer has done, mailbox by mailbox, and what it could not do. */

export type MailboxCounts = {
  readonly from: string;
  readonly to: string;
  added: number;
  /** There already. */
  duplicates: number;
  /** Not taken, see `problems`. */
  skipped: number;
  flagsChanged: number;
};

export type TransferProblem = { readonly where: string; readonly problem: string };

// A broken source could have one for each of a million messages.
const MAX_PROBLEMS = 1000;

export type ProgressNews = {
  readonly mailbox: string;
  readonly doneMessages: number;
  readonly doneOctets: number;
  /** Undefined: not known. */
  readonly totalOctets: number | undefined;
};

export class TransferReport {
  readonly mailboxes: MailboxCounts[] = [];
  readonly problems: TransferProblem[] = [];
  /** What a person should know, and is no failure. */
  readonly notes: string[] = [];
  problemCount = 0;
  /** Why it ended before everything was done. */
  stopped: string | undefined;

  mailbox(from: string, to: string): MailboxCounts {
    const counts = { from, to, added: 0, duplicates: 0, skipped: 0, flagsChanged: 0 };
    this.mailboxes.push(counts);
    return counts;
  }

  problem(where: string, problem: string): void {
    this.problemCount++;
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ where, problem });
  }

  total(key: "added" | "duplicates" | "skipped" | "flagsChanged"): number {
    return this.mailboxes.reduce((sum, counts) => sum + counts[key], 0);
  }
}
