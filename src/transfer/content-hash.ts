/** By what two messages are known to be the same: SHA-256 of their octets. */

import { createHash } from "node:crypto";

export class ContentHash {
  readonly #hash = createHash("sha256");
  sizeOctets = 0;

  add(octets: Uint8Array): void {
    this.#hash.update(octets);
    this.sizeOctets += octets.length;
  }

  /** Base64; once. */
  end(): string {
    return this.#hash.digest("base64");
  }
}

export async function contentHash(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = new ContentHash();
  for await (const chunk of chunks) hash.add(chunk);
  return hash.end();
}
