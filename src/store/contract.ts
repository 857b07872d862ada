/**
 * What the rest of Posthorn may ask of the durable place, and nothing of how it is done. Today
 * `sqlite/` fulfils it; a PostgreSQL store will have to pass the same contract suite
 * (`testing/contract.suite.ts`).
 *
 * Reads marked as plain values are answered at once from the reading side's own connection or
 * memory; everything that changes something is a promise that resolves after the commit is on disk
 * (Invariant 1). Every change of an account's mail takes one MODSEQ and makes one feed entry in the
 * same transaction (Invariant 4).
 *
 * Failures of the environment reject with MailError: `disk-full`, `disk-failed`, `store-busy`,
 * `store-corrupt`, `store-closed`. Each method names what else it may reject with.
 */

import type { AclChange, AclEntry } from "./acl.ts";
import type { AnnotationStore } from "./annotations.ts";
import type { Directory } from "./directory.ts";
import type { MailStore } from "./mail.ts";
import type { MailboxGrant, Right } from "./mailbox-grant.ts";
import type { QueueStore } from "./queue.ts";
import type { OctetStore } from "./octets.ts";
import type { Credentials } from "./credentials.ts";
import type { AcceptedEnvelope, Acceptance } from "./acceptance.ts";

export interface Store {
  readonly directory: Directory;
  readonly credentials: Credentials;
  readonly octets: OctetStore;
  readonly mail: MailStore;
  readonly acl: AclStore;
  readonly annotations: AnnotationStore;
  readonly queue: QueueStore;

  /**
   * Takes responsibility for a message: in one transaction its octets are stored once, every local
   * delivery is filed and every other recipient is queued. Commits of many sessions share one sync.
   * Returns one entry an envelope, in order.
   * Rejects with `not-found` if an account has gone meanwhile, `over-quota` if a delivery does not fit;
   * then nothing of it is stored.
   */
  accept(acceptance: Acceptance): Promise<readonly AcceptedEnvelope[]>;

  /** Free octets on the disk of the store, and whether that is below what `accept` needs to be safe. */
  space(): Promise<{ readonly freeOctets: number; readonly isLow: boolean }>;

  /** What this process has written since it opened the store. */
  activity(): StoreActivity;

  /** Compares every row with its octets and every counter with its rows. */
  check(progress?: (done: number, total: number) => void): Promise<readonly StoreProblem[]>;

  /**
   * Makes the rows agree with what is there; what can't be kept is put into `lost/` in the data
   * folder. Rejects with `refused` while another process has the store open.
   */
  repair(progress?: (done: number, total: number) => void): Promise<RepairReport>;

  /**
   * Copies the data folder, as it is at one moment, to `target`: new, an empty folder, or an earlier
   * backup. Rejects with `refused` for any other.
   */
  backup(
    target: string,
    progress?: (doneOctets: number, totalOctets: number) => void,
  ): Promise<BackupReport>;

  /** Waits for what is under way, then closes. */
  close(): Promise<void>;
}

/** Access lists of mailboxes (RFC 4314). */
export interface AclStore {
  /** What the holder may do just now: all for the owner, nothing when the mailbox may not be seen any more. */
  rights(grant: MailboxGrant): ReadonlySet<Right>;
  /** The owner's address. */
  ownerOf(grant: MailboxGrant): string;
  /** By identifier, the owner left out. Throws `not-found` and `forbidden` without the right `a`. */
  entries(grant: MailboxGrant): readonly AclEntry[];
  /** Takes effect in every session at its next command. Rejects also with `refused`. */
  change(grant: MailboxGrant, change: AclChange): Promise<void>;
}

export type StoreActivity = {
  readonly commits: number;
  /** Writes in those commits. */
  readonly requests: number;
  /** Writes of these that were refused or failed. */
  readonly failures: number;
  /** How long writes waited for their answer, added up. */
  readonly waitMs: number;
};

export type StoreProblem = {
  /** What kind of thing is wrong: `octets-missing`, `hash-differs`, `counter-differs`, `orphan-octets`, `row-broken`. */
  readonly kind: string;
  /** Which row, in words for a person. */
  readonly where: string;
  readonly problem: string;
  /** The message whose octets are damaged, or the segment file at fault. */
  readonly messageId?: number;
  readonly file?: string;
};

export type BackupReport = {
  readonly segments: number;
  /** In these segments, and those of them that were not in an earlier backup. */
  readonly octets: number;
  readonly copiedOctets: number;
};

export type RepairReport = {
  readonly before: readonly StoreProblem[];
  /** What was done, a sentence each. */
  readonly done: readonly string[];
  /** What is wrong still. */
  readonly after: readonly StoreProblem[];
};
