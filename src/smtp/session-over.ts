/** Thrown inside the server engine to leave a session from anywhere in it; caught in `serve.ts` only. */

import type { Reply } from "./reply.ts";

export class SessionOver extends Error {
  override readonly name = "SessionOver";
  /** For the log: `quit`, `lost`, `timeout`, `too-many-errors` … */
  readonly reason: string;
  /** The last words, if the peer may still hear them. */
  readonly parting: Reply | undefined;
  /** What went wrong, where an error told. */
  readonly problem: string | undefined;

  constructor(reason: string, parting?: Reply, problem?: string) {
    super(reason);
    this.reason = reason;
    this.parting = parting;
    this.problem = problem;
  }
}
