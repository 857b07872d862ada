/**
 * Whether a message has a line of more than 998 octets (RFC 5322 §2.1.1), seen while it streams by.
 * Looks at one octet in many: jumps from line end to line end, as far as one line may reach.
 */

import { LF } from "../../base/bytes.ts";

/** Without CRLF. */
export const MAX_LINE_OCTETS = 998;

export class LongLines {
  /** Octets of the line at hand, its CR among them. */
  #lineOctets = 0;
  #found = false;

  get found(): boolean {
    return this.#found;
  }

  push(octets: Uint8Array): void {
    let at = 0;
    while (!this.#found && at < octets.length) {
      const latest = at + MAX_LINE_OCTETS + 1 - this.#lineOctets;
      const lf = octets.lastIndexOf(LF, Math.min(latest, octets.length - 1));
      if (lf >= at) {
        at = lf + 1;
        this.#lineOctets = 0;
      } else if (latest < octets.length) {
        this.#found = true;
      } else {
        this.#lineOctets += octets.length - at;
        return;
      }
    }
  }
}
