/**
 * A command as it came: tag, name, and its arguments as text interrupted by literals. Text is kept
 * as one character per octet; what it means is the argument reader's business.
 */

export type RawLiteral = {
  readonly octets: Uint8Array;
  /** Announced with `~` (RFC 3516): may hold NUL. */
  readonly isBinary: boolean;
};

export type RawCommand = {
  readonly tag: string;
  /** Upper case; `UID FETCH` is one name. */
  readonly name: string;
  /** `texts[0] literals[0] texts[1] …`: always one text more than literals. */
  readonly texts: readonly string[];
  readonly literals: readonly RawLiteral[];
};

export type LiteralAnnouncement = {
  readonly octets: number;
  readonly isBinary: boolean;
  /** The client waits for `+` (RFC 9051 §4.3). */
  readonly isSynchronizing: boolean;
};
