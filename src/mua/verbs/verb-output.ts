/** What a scripted verb says: for people as text, for programs as a value that becomes JSON. */

export type VerbOutput = {
  /** Fit for a terminal, ends in LF; "" for nothing to say. */
  readonly text: string;
  readonly json: unknown;
};
