/** An octet store whose reads, one or many, all go through one function: for tests that count them or make them fail. */

import type { OctetStore } from "../octets.ts";

export function octetsReadBy(octets: OctetStore, read: OctetStore["read"]): OctetStore {
  return {
    stage: () => octets.stage(),
    stageOctets: (message) => octets.stageOctets(message),
    read,
    readMany: (reads) =>
      Promise.all(
        reads.map(({ id, start, end }) => read(id, start, end).catch((error: Error) => error)),
      ),
    sizeOctets: (id) => octets.sizeOctets(id),
  };
}
