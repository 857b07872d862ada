/** What a report is about: a message, and what came of some of its recipients. */

import type { DsnAction } from "../../message/report/dsn.ts";

export type ReportKind = "failed" | "delayed" | "success";

export type ReportedMessage = {
  readonly queueId: string;
  /** "" is the null reverse-path. */
  readonly reversePath: string;
  readonly envid: string | undefined;
  readonly ret: "full" | "headers" | undefined;
  readonly arrivedAtMs: number;
  readonly sizeOctets: number;
  readonly submittedBy: string | undefined;
  readonly tls: "required" | "waived" | undefined;
  /** RFC 6710; 0 is ordinary. */
  readonly priority: number;
  /** The first octets of the message, at most so many. */
  readonly read: (maxOctets: number) => Promise<Uint8Array>;
};

export type ReportedRecipient = {
  readonly recipient: string;
  /** `rfc822;user@example.org` */
  readonly originalRecipient: string | undefined;
  readonly action: DsnAction;
  readonly status: string;
  /** For people. */
  readonly problem: string;
  readonly remoteHost: string | undefined;
  /** The reply, for programs. */
  readonly diagnostic: string | undefined;
  readonly lastAttemptMs: number | undefined;
  readonly willRetryUntilMs: number | undefined;
};
