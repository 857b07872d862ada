/** The octets of messages: staged while they arrive, immutable once accepted (Invariant 2). */

declare const given: unique symbol;

/**
 * Names stored octets; many mailboxes and queue rows may refer to one. Only the store gives them out: with a queue job, and in the columns of a
 * mailbox that was opened by a grant. No number a peer sends becomes one.
 */
export type MessageId = number & { readonly [given]: true };

/** Ids of the messages of a mailbox, as Float64Array keeps them. */
export interface MessageIdColumn extends ArrayLike<MessageId> {
  slice(start?: number, end?: number): MessageIdColumn;
  subarray(start?: number, end?: number): MessageIdColumn;
}

/**
 * A message on its way in. Small ones stay in memory; larger ones are written to a spool file as
 * they come, so that memory is bounded whatever a peer sends (Invariant 7).
 */
export interface StagedMessage {
  /** Octets so far. */
  readonly sizeOctets: number;
  /** Adds octets; await it for back-pressure. Rejects with `disk-full` or `disk-failed`. */
  write(octets: Uint8Array): Promise<void>;
  /** The first octets staged so far, at most `maxOctets`: to look at the header section before accepting. */
  head(maxOctets: number): Promise<Uint8Array>;
  /** Gives up the octets. Safe after `accept` and safe to call twice. */
  discard(): Promise<void>;
}

/** Octets `start` to `end` (exclusive) of a stored message. */
export type OctetRead = { readonly id: MessageId; readonly start: number; readonly end: number };

export interface OctetStore {
  /** Begins a message. Hand the result to `accept` or `append`, or `discard` it. */
  stage(): StagedMessage;
  /** A staged message of octets in hand. */
  stageOctets(octets: Uint8Array): StagedMessage;
  /**
   * Octets `start` to `end` (exclusive; default all) of a stored message.
   * Rejects with `not-found` when the message is gone, `store-corrupt` when its octets are.
   */
  read(id: MessageId, start?: number, end?: number): Promise<Uint8Array>;
  /**
   * Many reads at once, those that lie near each other in one go; the answers in the order asked. What
   * cannot be read is answered by the error `read` would reject with. All of it is in memory together.
   */
  readMany(reads: readonly OctetRead[]): Promise<(Uint8Array | Error)[]>;
  sizeOctets(id: MessageId): number | undefined;
}
