/** What a command of line mode is. */

import type { LineState } from "./line-state.ts";

export type LineCommand = {
  /** mailx's spelling: `h[eaders]`; several for one command. */
  readonly spellings: readonly string[];
  /** The arguments as help shows them. */
  readonly usage?: string;
  readonly help: string;
  /** `rest`: what stands behind the name, as typed. Rejects with a sentence for the person. */
  readonly run: (state: LineState, rest: string, word: string) => Promise<void>;
};
