/**
 * Mailboxes and the messages in them, as IMAP sees them (RFC 9051 §2.3). Names are UTF-8 with `/`
 * between levels; INBOX is case-insensitive.
 *
 * UIDs only grow and are never used twice (Invariant 3); the order of UID, MODSEQ and visibility is
 * one and the same.
 */

import type { MailboxGrant } from "./mailbox-grant.ts";
import type { MessageId, MessageIdColumn, StagedMessage } from "./octets.ts";

export type MailboxId = number;

export type SpecialUse =
  | "\\Archive"
  | "\\Drafts"
  | "\\Flagged"
  | "\\Junk"
  | "\\Sent"
  | "\\Trash"
  | "\\All"
  | "\\Important";

export type MailboxInfo = {
  readonly id: MailboxId;
  /** What the account that asked may do with it; every operation wants it. */
  readonly grant: MailboxGrant;
  /** The owner. */
  readonly accountId: number;
  readonly name: string;
  readonly specialUse: SpecialUse | undefined;
  readonly isSubscribed: boolean;
  readonly uidValidity: number;
  /** Stable name of the mailbox for ever, also after a rename (RFC 8474). */
  readonly objectId: string;
};

export type MailboxStatus = {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly uidNext: number;
  readonly highestModSeq: number;
  readonly sizeOctets: number;
  /** UIDs below this one have been told to some session (`\Recent` of RFC 3501 begins here). */
  readonly firstRecentUid: number;
};

/** System flags as bits of `OpenMailbox.flags`; keywords follow from bit 8 on (see `OpenMailbox.keywords`). */
export const SEEN = 1;
export const ANSWERED = 2;
export const FLAGGED = 4;
export const DELETED = 8;
export const DRAFT = 16;
/** Bits 8 to 31 of `flags` are keywords 0 to 23; bits 0 to 31 of `flagsHigh` are keywords 24 to 55. */
export const FIRST_KEYWORD_BIT = 8;
export const MAX_KEYWORDS = 56;

/**
 * A mailbox held open: columns, ascending by UID, shared by all sessions of the process and kept
 * fresh from the change feed. Only the first `count` members of each column are valid. Read it
 * within one turn of the event loop, or take copies: it changes between turns.
 */
export interface OpenMailbox {
  readonly info: MailboxInfo;
  /** By which it was opened. */
  readonly grant: MailboxGrant;
  readonly count: number;
  readonly uidNext: number;
  readonly highestModSeq: number;
  readonly uids: Uint32Array;
  readonly flags: Uint32Array;
  readonly flagsHigh: Uint32Array;
  /** MODSEQ, MessageId and times exceed 32 bits, so these are Float64. */
  readonly modSeqs: Float64Array;
  readonly messageIds: MessageIdColumn;
  readonly internalDatesMs: Float64Array;
  readonly savedDatesMs: Float64Array;
  /** Which thread a message belongs to in the account (RFC 8474). */
  readonly threadIds: Float64Array;
  /** Size with the delivery prefix: what RFC822.SIZE says. */
  readonly sizesOctets: Uint32Array;
  /** Names of the keywords, by bit. */
  readonly keywords: readonly string[];
  /** UID of the last message; 0 if there is none. */
  readonly lastUid: number;
  /** Position of `uid`, or -1. */
  indexOfUid(uid: number): number;
  /** Position of the first message without \Seen, or -1. */
  firstUnseen(): number;
  /**
   * Columns of a large mailbox come when they are asked for, and then everybody waits while they are
   * read. Who will look at them asks here first: what says which messages there are and how they are
   * flagged, or all. Undefined if nothing has to be waited for.
   */
  load(what: "flags" | "all"): Promise<void> | undefined;
  /** Called after each change is in the columns, within the same turn. Returns the function that ends it. */
  onChange(listener: (change: MailboxChange) => void): () => void;
  /** Sessions that opened it must release it. */
  release(): void;
}

/** One entry of the change feed, for one mailbox. UIDs ascend. */
export type MailboxChange = {
  readonly accountId: number;
  readonly mailboxId: MailboxId;
  readonly modSeq: number;
} & (
  | { readonly kind: "added"; readonly uids: readonly number[] }
  | { readonly kind: "flags"; readonly uids: readonly number[] }
  | { readonly kind: "expunged"; readonly uids: readonly number[] }
  | {
      /** `mailbox-changed`: its subscription, use or access list; `mailbox-annotated`: or, for INBOX, the server. */
      readonly kind:
        | "mailbox-created"
        | "mailbox-deleted"
        | "mailbox-renamed"
        | "mailbox-changed"
        | "mailbox-annotated";
    }
);

/** What was computed at delivery for one stored message, ready to send. */
export type MessageDetails = {
  /** Size of the stored octets, without a delivery prefix. */
  readonly sizeOctets: number;
  /** Octets of the header section including its blank line, without a delivery prefix. */
  readonly headerOctets: number;
  /** IMAP ENVELOPE, parenthesis to parenthesis. */
  readonly envelope: Uint8Array;
  /** IMAP BODYSTRUCTURE (extensible form). */
  readonly bodyStructure: Uint8Array;
  /** The MIME tree with its octet ranges, as `message/` encodes it (`decodeStructure`). */
  readonly structure: Uint8Array;
};

export type DetailName = keyof MessageDetails;

/** Those of the details that were asked for. */
export type Details<Name extends DetailName = never> = Pick<MessageDetails, Name> & {
  readonly messageId: MessageId;
};

/** What lists of messages, SORT and THREAD look at: computed at delivery from the header and the first text. */
export type MessageHead = {
  /** Of the Date field; undefined when that names no moment. */
  readonly sentMs: number | undefined;
  /** RFC 5256 §2.1, encoded words decoded. */
  readonly baseSubject: string;
  readonly isReplyOrForward: boolean;
  /** Local part of the first address (RFC 5256 §3). */
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  /** Display name of the first address, or else the address (RFC 5957). */
  readonly displayFrom: string;
  readonly displayTo: string;
  /** Hashes of the message's own id (0 for none) and of its ancestors', oldest first (RFC 5256 §2.2). */
  readonly threadHashes: Float64Array;
  /** RFC 8970 */
  readonly preview: string;
  /** Common header lines, as `message/` encodes them (`chosenFields`). */
  readonly commonFields: Uint8Array;
};

export type HeadName = keyof MessageHead;

/** Where SEARCH looks: Subject, From, To with Cc and Bcc as ENVELOPE shows them, or the whole header and text. */
export type TextField = "subject" | "from" | "recipients" | "text";

export type TextQuery = {
  readonly field: TextField;
  /** Mapped by i;unicode-casemap. */
  readonly text: string;
  /** UIDs asked about, both included. */
  readonly from: number;
  readonly to: number;
};

export type TextCandidates = {
  /** Up to this UID, messages that are not in `uids` do not hold the text; those that are may. */
  readonly indexedTo: number;
  readonly uids: ReadonlySet<number>;
};

export type AppendRequest = {
  readonly message: StagedMessage;
  readonly flags: readonly string[];
  readonly internalDateMs: number;
};

export type FlagChange = {
  readonly action: "add" | "remove" | "replace";
  readonly flags: readonly string[];
  /** RFC 7162 UNCHANGEDSINCE: messages with a higher MODSEQ are left alone and reported. */
  readonly unchangedSince?: number;
};

/**
 * `accountId` is always who acts, and names are as that account sees them. Operations on one mailbox
 * take the grant of it, which only the store makes; they reject with `not-found` when the mailbox has
 * gone or may not be seen, and with `forbidden` when only the right is missing.
 */
export interface MailStore {
  /** All mailboxes of an account, INBOX first, then by name. */
  mailboxes(accountId: number): readonly MailboxInfo[];
  /** Those of others that it may look up, by name (`shared-name.ts`). */
  sharedMailboxes(accountId: number): readonly MailboxInfo[];
  mailbox(accountId: number, name: string): MailboxInfo | undefined;
  status(grant: MailboxGrant): MailboxStatus | undefined;

  /** Parents are made too, as real mailboxes. Rejects with `already-exists`, `refused`. */
  createMailbox(accountId: number, name: string, specialUse?: SpecialUse): Promise<MailboxInfo>;
  /** Rejects with `not-found`; `refused` for INBOX and for mailboxes with children. */
  deleteMailbox(accountId: number, name: string): Promise<void>;
  /** Moves inferiors along; INBOX is emptied into the new name instead (RFC 9051 §6.3.6). */
  renameMailbox(accountId: number, from: string, to: string): Promise<void>;
  /** Subscriptions may name what does not exist (RFC 9051 §6.3.7). */
  subscribe(accountId: number, name: string, subscribed: boolean): Promise<void>;
  subscriptions(accountId: number): readonly string[];

  /** Undefined when there is no such mailbox. */
  open(grant: MailboxGrant): Promise<OpenMailbox | undefined>;
  /** Marks all present UIDs as told, and returns the first UID that was not. */
  takeRecent(grant: MailboxGrant): Promise<number>;

  /** The named details of stored messages, in the order asked; undefined for what is gone. Cheapest for many at a time. */
  details<Name extends DetailName>(
    messageIds: ArrayLike<MessageId>,
    names: readonly Name[],
  ): (Details<Name> | undefined)[];
  /** Likewise of their heads. Those of a message that an older Posthorn stored are made from its octets. */
  heads<Name extends HeadName>(
    messageIds: ArrayLike<MessageId>,
    names: readonly Name[],
  ): Promise<(Pick<MessageHead, Name> | undefined)[]>;
  /** `sentMs` of many; NaN where there is none, or the message is gone. */
  sentDates(messageIds: ArrayLike<MessageId>): Promise<Float64Array>;
  /** In which mailboxes of its own the account has these stored messages; those that are in none are left out. */
  holders(
    accountId: number,
    messageIds: readonly MessageId[],
  ): ReadonlyMap<MessageId, readonly MailboxId[]>;
  /** The delivery prefix of one message in one mailbox (often empty). */
  prefix(grant: MailboxGrant, uid: number): Uint8Array;
  /** Those of many, in the order asked. */
  prefixes(grant: MailboxGrant, uids: ArrayLike<number>): Uint8Array[];

  /** What the search index knows; undefined when it is of no help, and messages must be looked at. */
  textCandidates(grant: MailboxGrant, query: TextQuery): TextCandidates | undefined;
  /** Resolves when what has been committed by now is in the search index, if one is built here. */
  whenIndexed(): Promise<void>;

  /** All or none. Rejects with `not-found`, `over-quota`. UIDs in order. */
  append(
    grant: MailboxGrant,
    requests: readonly AppendRequest[],
  ): Promise<{ uidValidity: number; uids: readonly number[] }>;
  /**
   * Files `request` in `to` and removes `uid` from `from`, both or neither (RFC 8508). Rejects with
   * `not-found` also when `uid` has gone, with `over-quota` when it does not fit in the room that makes.
   */
  replace(
    from: MailboxGrant,
    uid: number,
    to: MailboxGrant,
    request: AppendRequest,
  ): Promise<{ uidValidity: number; uid: number }>;
  /** `changed`: UIDs whose flags differ now; `unchanged`: were so already; `modified`: failed UNCHANGEDSINCE. Absent UIDs are in none. */
  changeFlags(
    grant: MailboxGrant,
    uids: ArrayLike<number>,
    change: FlagChange,
  ): Promise<{
    changed: readonly number[];
    unchanged: readonly number[];
    modified: readonly number[];
    modSeq: number;
  }>;
  /** Octets are shared, not copied. Absent UIDs are passed over. `from[i]` became `to[i]`. */
  copy(from: MailboxGrant, uids: ArrayLike<number>, to: MailboxGrant): Promise<CopyResult>;
  move(from: MailboxGrant, uids: ArrayLike<number>, to: MailboxGrant): Promise<CopyResult>;
  /** Removes the given UIDs; with `onlyDeleted` just those flagged `\Deleted`. Returns the removed. */
  expunge(
    grant: MailboxGrant,
    uids: ArrayLike<number> | "all",
    onlyDeleted: boolean,
  ): Promise<readonly number[]>;
  /** UIDs expunged after `modSeq`, ascending (RFC 7162 VANISHED); undefined when that is longer ago than tombstones are kept. */
  expungedSince(grant: MailboxGrant, modSeq: number): readonly number[] | undefined;

  /** Every change of the account's mail, and of what others share with it, from now on. Returns the function that ends it. */
  onAccountChange(accountId: number, listener: (change: MailboxChange) => void): () => void;

  /**
   * The POP3 maildrop lock (RFC 1939 §4): true if taken. It lapses `leaseMs` after the last call,
   * so that a crash never locks anybody out.
   */
  lockMaildrop(accountId: number, holder: string, leaseMs: number): Promise<boolean>;
  unlockMaildrop(accountId: number, holder: string): Promise<void>;
}

export type CopyResult = {
  readonly uidValidity: number;
  readonly from: readonly number[];
  readonly to: readonly number[];
};
