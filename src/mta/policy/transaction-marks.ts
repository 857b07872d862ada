/** What rules have said about one transaction's message. It lives and dies with the transaction (security rows 9, 10). */

import { encodeUtf8 } from "../../base/bytes.ts";

export class TransactionMarks {
  /** Why the operator is to look at it first. */
  heldBecause: string | undefined;
  isDiscarded = false;
  readonly #fields: Set<string> = new Set();

  tag(field: string): void {
    this.#fields.add(field);
  }

  /** The header fields that were added. */
  get prefix(): Uint8Array {
    return encodeUtf8([...this.#fields].map((field) => `${field}\r\n`).join(""));
  }
}
