/**
 * What a POP3 server engine asks of whoever keeps the mail. The engine knows the protocol: order,
 * syntax, limits, framing. The handler knows who may log in and what is in the maildrop.
 * `access/pop3` implements it over the store.
 */

import type { Outcome } from "../sasl/server-exchange.ts";
import type { ServerMechanism } from "../sasl/mechanism.ts";

export interface Pop3Handler {
  /** Mechanisms to advertise on the channel as it is now (none in the clear unless allowed). */
  mechanisms(): readonly string[];
  /** A fresh exchange, or undefined for an unknown mechanism. */
  startMechanism(name: string): ServerMechanism | undefined;
  /** USER and PASS. The engine asks only where a bare password may travel. */
  login(name: string, password: string): Promise<Outcome>;
  /** APOP (RFC 1939 §7), where it is offered at all: `timestamp` goes into the banner. */
  readonly apop?: {
    readonly timestamp: string;
    login(name: string, digest: string): Promise<Outcome>;
  };
  /** Takes the lock and the snapshot for who has just logged in. */
  open(identity: string): Promise<Maildrop | OpenRefusal>;
}

/** RFC 2449 §8.1, RFC 3206 */
export type ResponseCode = "IN-USE" | "LOGIN-DELAY" | "SYS/TEMP" | "SYS/PERM" | "AUTH";

export type OpenRefusal = { readonly code: ResponseCode; readonly text: string };

/** The messages as they were at login, in order: 0 to `count - 1` here, 1 to `count` for the client. */
export interface Maildrop {
  readonly count: number;
  /** Octets as RETR sends them, without byte-stuffing. */
  sizeOctets(index: number): number;
  /** Unique for ever within the maildrop, 1 to 70 printable characters (RFC 1939 §7). */
  uniqueId(index: number): string;
  /**
   * Octets `start` to `end` of a message. Rejects with MailError, `not-found` when it has been
   * expunged by another program since login.
   */
  read(index: number, start: number, end: number): Promise<Uint8Array>;
  /**
   * The UPDATE state: removes what is marked, all or nothing, and resolves when that is on disk
   * (Invariant 1). `retrieved` were sent whole. Then lets go of the lock. Rejects with MailError when
   * nothing was removed.
   */
  update(deleted: readonly number[], retrieved: readonly number[]): Promise<void>;
  /** Lets go of the lock and changes nothing. Safe after `update`, and to call twice; never rejects. */
  release(): Promise<void>;
}
