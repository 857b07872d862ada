/** Mail that comes in from somewhere, and mail that goes out, in the one form that import and export know. */

import type { SpecialUse } from "../store/mail.ts";

export type SourceMessage = {
  /** File and position, for a person. */
  readonly where: string;
  /** As it lies there: with other line ends it may be a little more. */
  readonly sizeOctets: number;
  readonly flags: readonly string[];
  readonly dateMs: number;
  /** With CRLF line ends; each call reads anew. */
  readonly content: () => AsyncIterable<Uint8Array>;
};

export type SourceMailbox = {
  /** With `/` between levels. */
  readonly name: string;
  readonly specialUse?: SpecialUse;
  /** About how much there is to read; undefined: nobody knows without reading. */
  readonly sizeOctets?: number;
  readonly messages: () => AsyncIterable<SourceMessage>;
};

export type MailSource = {
  readonly mailboxes: readonly SourceMailbox[];
  /** Undefined: the source does not know of subscriptions. */
  readonly subscriptions: readonly string[] | undefined;
};

export type OutgoingMessage = {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly dateMs: number;
  readonly sizeOctets: number;
  /** Each call reads anew. */
  readonly content: () => AsyncIterable<Uint8Array>;
};

/** Where mailboxes are written to. */
export interface MailTarget {
  /** Takes the keywords that may come, in order. */
  openMailbox(name: string, keywords: readonly string[]): Promise<TargetMailbox>;
  /** After the last mailbox. */
  finish(subscriptions: readonly string[]): Promise<void>;
}

export interface TargetMailbox {
  add(message: OutgoingMessage): Promise<void>;
  /** All is there; `close` without it leaves nothing half. */
  finish(): Promise<void>;
  close(): Promise<void>;
}
