/**
 * The catalogue of environment failures: disk, network, DNS, a peer that went away. Each is thrown
 * as a `MailError` and mapped once, at the edge, to an SMTP reply, an IMAP response or a retry.
 * Wrong input is not here (see `result.ts`); a bug of ours is an `InvariantError`.
 */

export type ErrorCode =
  | "store-busy" // the database stayed locked longer than we wait
  | "store-corrupt" // a row or an octet range contradicts another
  | "store-newer" // the data folder was written by a newer Posthorn
  | "store-closed" // used after close
  | "disk-full" // ENOSPC, EDQUOT
  | "disk-failed" // EIO and other write or sync errors
  | "not-found" // a row that was there a moment ago is gone
  | "already-exists" // a unique name is taken
  | "over-quota" // the account may not hold more
  | "forbidden" // the account has no right to do that
  | "refused" // the operation is not possible on this object (sentence says why)
  | "channel-timeout" // the peer was silent for longer than the limit
  | "channel-closed" // the peer or we closed the connection in the middle
  | "channel-overflow" // the peer sent more than may be buffered
  | "connect-failed" // no TCP connection could be made
  | "tls-failed" // the TLS handshake failed, or the certificate was not acceptable
  | "dns-failed" // no usable answer (SERVFAIL, timeout, malformed)
  | "protocol-broken" // the peer sent what its protocol does not allow; nothing more it says can be trusted
  | "config-invalid"; // the configuration cannot be used as it stands

/** Whether trying again later can help, unless the thrower knows better. */
const TEMPORARY: Readonly<Record<ErrorCode, boolean>> = {
  "store-busy": true,
  "store-corrupt": false,
  "store-newer": false,
  "store-closed": true,
  "disk-full": true,
  "disk-failed": true,
  "not-found": false,
  "already-exists": false,
  "over-quota": true,
  forbidden: false,
  refused: false,
  "channel-timeout": true,
  "channel-closed": true,
  "channel-overflow": false,
  "connect-failed": true,
  "tls-failed": true,
  "dns-failed": true,
  "protocol-broken": false,
  "config-invalid": false,
};

export class MailError extends Error {
  override readonly name = "MailError";
  readonly code: ErrorCode;
  readonly temporary: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; temporary?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.temporary = options.temporary ?? TEMPORARY[code];
  }
}

export function isMailError(error: unknown, code?: ErrorCode): error is MailError {
  return error instanceof MailError && (code === undefined || error.code === code);
}

/** Our own bug. Ends the one session, connection or job in which it shows; never the process (Invariant 9). */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

export function invariant(condition: unknown, claim: string): asserts condition {
  if (!condition) throw new InvariantError(`broken invariant: ${claim}`);
}

/** For the `default` of an exhaustive switch: a value the compiler says cannot be here. */
export function unreachable(value: never): never {
  throw new InvariantError(`unexpected value: ${String(value)}`);
}
