/**
 * The ways on which mail can leave the queue, as an operator describes them: `[[transports]]` in
 * posthorn.toml, used by routes and by alias files. Values only.
 */

import type { NextHop } from "./next-hop.ts";

export type Transport =
  /** A mailbox of ours. */
  | { readonly kind: "local" }
  /** The exchangers that DNS names. */
  | { readonly kind: "smtp" }
  /** Fixed next hops, tried in this order; no MX look-up. */
  | { readonly kind: "smarthost"; readonly hops: readonly NextHop[] }
  /** The mailboxes of another server (RFC 2033). */
  | { readonly kind: "lmtp"; readonly hops: readonly NextHop[] }
  | ({ readonly kind: "pipe" } & PipeConfig)
  | ({ readonly kind: "maildir" } & FileConfig)
  | ({ readonly kind: "mbox" } & FileConfig)
  /** Refused with these words: 5xx goes back to the sender, 4xx waits and is tried again. */
  | { readonly kind: "error"; readonly reply: ErrorReply }
  /** Taken and dropped: the operator's explicit word (Invariant 5). */
  | { readonly kind: "discard" };

export type NamedTransport = Transport & { readonly name: string };

export type ErrorReply = {
  readonly code: number;
  /** RFC 3463 */
  readonly status: string;
  readonly text: string;
};

export type PipeConfig = {
  /**
   * The program by its absolute path, then its arguments; no shell. `{recipient}`, `{sender}`, `{user}`,
   * `{detail}`, `{domain}` and `{queueId}` stand for their values.
   */
  readonly command: readonly string[];
  /** Who runs it when we are root: a name, or `uid:gid`. Never root. */
  readonly user?: string;
  readonly timeoutMs: number;
  /** The program's address space; 0 for no bound. */
  readonly memoryOctets: number;
};

export type FileConfig = {
  /**
   * Absolute. `{user}`, `{domain}` and `{detail}` stand for their values; with `{user}` in it a file or
   * folder that is missing is an unknown user, otherwise it is made.
   */
  readonly path: string;
  /** Who owns what is written when we are root: a name, or `uid:gid`. Never root. */
  readonly user?: string;
  /** Maildir: a detail (`anna+shop`) names a subfolder, if there is such a folder. */
  readonly detailFolder?: boolean;
};

export const DEFAULT_PIPE_TIMEOUT_MS = 1_000_000;
export const DEFAULT_PIPE_MEMORY_OCTETS: number = 1024 * 1024 * 1024;

/** What a route leads to, in a row's `destination`: what shares a queue and its limits. */
export function transportName(transport: Transport | NamedTransport): string {
  return "name" in transport ? transport.name : transport.kind;
}
