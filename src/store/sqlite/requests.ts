/**
 * What the event loop asks of the writer thread, and what comes back. Everything here crosses a
 * thread boundary: plain values only. Octets travel apart, in one buffer a batch, and requests say
 * where in it theirs are.
 */

import type { ErrorCode } from "../../base/errors.ts";
import type { Envelope, LocalDelivery } from "../acceptance.ts";
import type { DomainChange } from "../directory.ts";
import type { FlagChange, SpecialUse } from "../mail.ts";
import type { MessageId } from "../octets.ts";
import type { OwedReport } from "../owed-report.ts";
import type { CompactionPolicy } from "./compaction-policy.ts";
import type { OperatorWish, QueueFilter, QueueJob, Settlement, SiteRoom } from "../queue.ts";
import type { FlagBits } from "./flag-bits.ts";
import type { KeptColumns } from "./kept-columns.ts";
import type { EncodedEntries } from "./feed-entries.ts";
import type { Runs } from "./number-runs.ts";

/** Where in the batch's `extras` some octets are: first position and length. */
export type Span = readonly [from: number, length: number];

export type MessageSource =
  /** At `at` in the batch's `octets`. */
  | { readonly kind: "octets"; readonly at: number; readonly size: number }
  /** A spool file, already synced. */
  | { readonly kind: "file"; readonly file: string; readonly size: number }
  | { readonly kind: "stored"; readonly id: MessageId };

export type NewMessage = {
  readonly source: MessageSource;
  readonly flags: readonly string[];
  readonly internalDateMs: number;
};

export type DeliveryRequest = Omit<LocalDelivery, "prefix"> & { readonly prefix: Span };

export type EnvelopeRequest = Omit<Envelope, "prefix" | "deliveries"> & {
  readonly prefix: Span;
  readonly deliveries: readonly DeliveryRequest[];
};

export type AcceptRequest = {
  readonly source: MessageSource;
  readonly receivedAtMs: number;
  readonly envelopes: readonly EnvelopeRequest[];
};

export type PasswordRecord = {
  readonly passwordHash: string;
  readonly scramSalt: Uint8Array;
  readonly scramIterations: number;
  readonly sha1StoredKey: Uint8Array;
  readonly sha1ServerKey: Uint8Array;
  readonly sha256StoredKey: Uint8Array;
  readonly sha256ServerKey: Uint8Array;
};

/** The next so many that match, in the order of their ids. */
export type QueuePortion = {
  readonly filter: QueueFilter & { readonly limit: number };
  readonly afterId: number;
};

export type PortionDone = { readonly touched: number; readonly lastId: number };

type Operation<Request, Answer> = { readonly request: Request; readonly answer: Answer };

export type Operations = {
  /** For each delivery, envelope after envelope: mailbox, UID, MODSEQ. */
  accept: Operation<AcceptRequest, number[]>;

  append: Operation<
    { mailboxId: number; messages: readonly NewMessage[] },
    { uidValidity: number; uids: number[] }
  >;
  replace: Operation<
    { fromId: number; uid: number; mailboxId: number; message: NewMessage },
    { uidValidity: number; uid: number }
  >;
  createMailbox: Operation<{ accountId: number; name: string; specialUse?: SpecialUse }, number>;
  deleteMailbox: Operation<{ accountId: number; name: string }, void>;
  renameMailbox: Operation<{ accountId: number; from: string; to: string }, void>;
  changeAcl: Operation<
    {
      mailboxId: number;
      identifier: string;
      action: "set" | "add" | "remove";
      rights: string;
    },
    void
  >;
  changeAnnotations: Operation<
    {
      mailboxId: number;
      viewerId: number;
      changes: readonly { isShared: boolean; name: string; value: Uint8Array | null }[];
      specialUse?: SpecialUse | null;
    },
    void
  >;
  subscribe: Operation<{ accountId: number; name: string; isSubscribed: boolean }, void>;
  takeRecent: Operation<{ mailboxId: number }, number>;
  changeFlags: Operation<
    { mailboxId: number; uids: Runs; change: FlagChange; mask?: FlagBits },
    { changed: Runs; unchanged: Runs; modified: Runs; modSeq: number }
  >;
  copy: Operation<
    { fromId: number; uids: Runs; toId: number; removes: boolean; mask?: FlagBits },
    { uidValidity: number; from: Runs; to: Runs }
  >;
  expunge: Operation<{ mailboxId: number; uids: Runs | "all"; onlyDeleted: boolean }, Runs>;
  /** Files that nobody needs any more. */
  keepColumns: Operation<KeptColumns, string[]>;
  lockMaildrop: Operation<{ accountId: number; holder: string; leaseMs: number }, boolean>;
  unlockMaildrop: Operation<{ accountId: number; holder: string }, void>;

  repair: Operation<
    {
      /** Messages whose octets are damaged. */
      lost: readonly number[];
      /** Segment files shorter than their rows say. */
      short: readonly { file: string; octets: number }[];
    },
    {
      expunged: readonly { mailboxId: number; uid: number }[];
      held: number;
      forgotten: readonly { queueId: string; sender: string; recipient: string }[];
      /** Queue ids of messages whose reports have no text left to quote. */
      quoteless: readonly string[];
    }
  >;

  claim: Operation<
    {
      nowMs: number;
      leaseMs: number;
      limit: number;
      busy: readonly string[];
      sites: readonly SiteRoom[];
      roomElsewhere: number;
      only: readonly string[] | undefined;
      recipientsPerJob: number;
    },
    QueueJob[]
  >;
  settle: Operation<
    {
      settlements: readonly Settlement[];
      reports: readonly AcceptRequest[];
      owed: readonly OwedReport[];
    },
    void
  >;
  payReports: Operation<{ ids: readonly number[]; reports: readonly AcceptRequest[] }, void>;
  wish: Operation<QueuePortion & { wish: OperatorWish }, PortionDone>;
  hold: Operation<QueuePortion & { reason: string }, PortionDone>;
  release: Operation<QueuePortion, PortionDone>;
  deleteQueued: Operation<QueuePortion, PortionDone>;

  addDomain: Operation<
    {
      name: string;
      catchAll: string | null;
      quotaOctets: number | null;
      quotaMessages: number | null;
    },
    void
  >;
  changeDomain: Operation<DomainChange & { name: string }, void>;
  addDomainAlias: Operation<{ name: string; follows: string }, void>;
  removeDomain: Operation<{ name: string }, void>;
  addAccount: Operation<
    {
      address: string;
      domain: string;
      displayName: string;
      quotaOctets: number | null;
      quotaMessages: number | null;
      password: PasswordRecord;
    },
    number
  >;
  changeAccount: Operation<
    {
      address: string;
      password?: PasswordRecord;
      displayName?: string;
      quotaOctets?: number | null;
      quotaMessages?: number | null;
      isEnabled?: boolean;
      mayRelay?: boolean;
    },
    void
  >;
  removeAccount: Operation<{ address: string }, void>;
  addAlias: Operation<{ address: string; domain: string; targets: readonly string[] }, void>;
  changeAlias: Operation<{ address: string; targets: readonly string[] }, void>;
  removeAlias: Operation<{ address: string }, void>;
  addList: Operation<ListRequest & { domain: string }, void>;
  changeList: Operation<Pick<ListRequest, "address"> & Partial<ListRequest>, void>;
  removeList: Operation<{ address: string }, void>;

  addToken: Operation<
    { address: string; purpose: string; sha256: Uint8Array; expiresAtMs: number },
    void
  >;
  revokeTokens: Operation<{ address: string; purpose: string | null }, number>;
};

export type ListRequest = {
  readonly address: string;
  readonly displayName: string;
  readonly owner: string;
  readonly members: readonly string[];
  readonly posting: string;
};

export type OperationName = keyof Operations;
export type RequestOf<Name extends OperationName> = Operations[Name]["request"];
export type AnswerOf<Name extends OperationName> = Operations[Name]["answer"];

export type PostedRequest = {
  readonly name: OperationName;
  readonly request: unknown;
};

export type Batch = {
  readonly type: "batch";
  readonly nowMs: number;
  readonly requests: readonly PostedRequest[];
  readonly octets: Uint8Array;
  readonly hasOctets: boolean;
  readonly extras: Uint8Array;
};

export type Failure = {
  readonly code: ErrorCode | "bug";
  readonly message: string;
  readonly stack: string | undefined;
};

/** What the writer sends to the log: it has none of its own. */
export type WriterEvent = {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly fields: Readonly<Record<string, string | number>>;
};

export type Answers = {
  readonly type: "answers";
  /** In the order of the requests, batch after batch; undefined for those that failed. */
  readonly answers: readonly unknown[];
  readonly failures: readonly (readonly [position: number, failure: Failure])[];
  /** The changes committed, in feed order. */
  readonly entries: EncodedEntries;
  readonly isDirectoryChanged: boolean;
  /** Something was queued or made due. */
  readonly isQueueChanged: boolean;
  readonly events: readonly WriterEvent[];
};

/** What came of one bite of compaction. */
export type Tidied = {
  readonly type: "tidied";
  /** There is more to do at once. */
  readonly hasMore: boolean;
  /** Segment files that are no more. */
  readonly removed: readonly string[];
  readonly events: readonly WriterEvent[];
};

export type Opened = { readonly type: "opened"; readonly writerId: number };
export type OpenFailed = { readonly type: "failed"; readonly failure: Failure };
export type Closed = { readonly type: "closed" };
export type FromWriter = Answers | Tidied | Opened | OpenFailed | Closed;
export type Tidy = { readonly type: "tidy"; readonly nowMs: number };
export type ToWriter = Batch | Tidy | { readonly type: "close" };

/** Which commits keep their octets in redo rows instead of waiting for the segment, and how long. */
export type RedoPolicy = {
  /** A group of at most so many octets does. */
  readonly groupOctets: number;
  /** From so many octets on the segment is synced, and rows are dropped. */
  readonly keptOctets: number;
};

export type WriterOptions = {
  readonly folder: string;
  readonly segmentOctets: number;
  readonly feedEntriesKept: number;
  /** What segments compaction takes. */
  readonly compaction: CompactionPolicy;
  readonly redo: RedoPolicy;
  /** How long the outcome of an attempt may wait for another commit to be synced with. */
  readonly settlementLingerMs: number;
  /** A module of a test that exports `at(point)`: called at the named points of a commit. */
  readonly hooks: string | undefined;
};
