/** How long a client waits for each answer. The defaults are the least that RFC 5321 §4.5.3.2 allows. */

export type ClientTimeouts = {
  readonly bannerMs: number;
  readonly heloMs: number;
  readonly mailMs: number;
  readonly rcptMs: number;
  readonly dataMs: number;
  /** For the answer to one BDAT that is not the last. */
  readonly contentMs: number;
  /** For the answer to the end of data: short here means delivering twice. */
  readonly finalMs: number;
  readonly authMs: number;
  readonly resetMs: number;
  readonly quitMs: number;
};

export const DEFAULT_TIMEOUTS: ClientTimeouts = {
  bannerMs: 300_000,
  heloMs: 300_000,
  mailMs: 300_000,
  rcptMs: 300_000,
  dataMs: 120_000,
  contentMs: 180_000,
  finalMs: 600_000,
  authMs: 120_000,
  resetMs: 20_000,
  quitMs: 5_000,
};
