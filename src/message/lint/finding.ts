/** What `lint` reports: which rule, where, how bad, which RFC says so, and a sentence that helps. */

/** `error`: the RFC forbids it. `warning`: allowed to be read, not to be written, or sure to be misread. `note`: legal but unwise. */
export type Severity = "error" | "warning" | "note";

export type Finding = {
  /** Stable name of the rule, for programs. */
  readonly rule: string;
  readonly severity: Severity;
  /** Octet offset in the message. */
  readonly at: number;
  /** Line of the message, from 1. */
  readonly line: number;
  /** `RFC 5322 §3.6` */
  readonly rfc: string;
  readonly message: string;
};

const MAX_FINDINGS = 500;

/** Collects findings; at most so many, since one fault repeated on every line says nothing new. */
export class FindingList {
  readonly #octets: Uint8Array;
  readonly #found: Omit<Finding, "line">[] = [];

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  add(rule: string, severity: Severity, at: number, rfc: string, message: string): void {
    if (this.#found.length < MAX_FINDINGS) this.#found.push({ rule, severity, at, rfc, message });
  }

  /** In the order of the message. */
  finish(): Finding[] {
    const sorted = this.#found.toSorted((a, b) => a.at - b.at);
    let line = 1;
    let at = 0;
    return sorted.map((finding) => {
      for (; at < finding.at && at < this.#octets.length; at++) if (this.#octets[at] === 10) line++;
      return { ...finding, line };
    });
  }
}
