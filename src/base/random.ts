/** Chance comes in through this port, so that tests can repeat a run. */
export interface Random {
  /** `length` octets, unpredictable to a peer. */
  bytes(length: number): Uint8Array;
  /** A number in [0, 1), for jitter and shuffles. */
  float(): number;
}

/** A new array with the same members in random order (Fisher-Yates). RFC 5321 §5.1 asks it for equal preferences. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const pick = Math.floor(random.float() * (last + 1));
    [result[last], result[pick]] = [result[pick], result[last]];
  }
  return result;
}
