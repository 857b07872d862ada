/** Which reads of segments are done together: those of one file with little between them. */

export type PlacedRead = {
  /** Whose read it is. */
  readonly index: number;
  readonly file: string;
  readonly start: number;
  readonly end: number;
};

export type JoinedRead = {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly parts: readonly PlacedRead[];
};

/** To read on over so much that nobody wants costs less than to read again. */
const MAX_GAP_OCTETS = 16_384;
/** Of octets nobody wants, in one read: memory is what was asked for and little more (Invariant 7). */
const MAX_WASTE_OCTETS = 262_144;
const MAX_READ_OCTETS = 4_194_304;

export function nearReads(reads: readonly PlacedRead[]): JoinedRead[] {
  const sorted = [...reads].sort((a, b) =>
    a.file === b.file ? a.start - b.start : a.file < b.file ? -1 : 1,
  );
  const joined: (JoinedRead & { end: number; parts: PlacedRead[]; waste: number })[] = [];
  for (const read of sorted) {
    const last = joined.at(-1);
    const gap = last?.file === read.file ? read.start - last.end : Number.POSITIVE_INFINITY;
    if (
      last !== undefined &&
      gap <= MAX_GAP_OCTETS &&
      last.waste + Math.max(0, gap) <= MAX_WASTE_OCTETS &&
      read.end - last.start <= MAX_READ_OCTETS
    ) {
      last.waste += Math.max(0, gap);
      last.end = Math.max(last.end, read.end);
      last.parts.push(read);
    } else {
      const { file, start, end } = read;
      joined.push({ file, start, end, parts: [read], waste: 0 });
    }
  }
  return joined;
}
