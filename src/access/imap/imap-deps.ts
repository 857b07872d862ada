/** What the IMAP handler is made of. One for all sessions, but for `sasl`, which knows the connection. */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { SaslServerDeps } from "../../sasl/server-deps.ts";
import type { Store } from "../../store/contract.ts";
import type { CapabilityMask } from "./capability-mask.ts";
import type { SessionCounter } from "./session-counter.ts";

export type ImapDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** For this connection: peer address, channel binding, what may be advertised. */
  readonly sasl: () => SaslServerDeps;
  /** Counts sessions per account and peer (security row 90). */
  readonly sessions: SessionCounter;
  readonly peerAddress: string;
  readonly isTls: () => boolean;
  readonly allowPlaintextAuth: boolean;
  /** The largest message APPEND takes. */
  readonly appendLimitOctets: number;
  /** What ID says of us (RFC 2971). */
  readonly identification: ReadonlyMap<string, string>;
  readonly capabilityMasks: readonly CapabilityMask[];
};
