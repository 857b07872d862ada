/** Sorting in slices: a merge sort that lets others have a turn, so that a large SORT holds nobody up. */

import type { Slicer } from "./slicer.ts";

const RUN = 2_048;

/** Sorts in place by `compare`; stable. */
export async function sortSliced(
  items: Uint32Array,
  compare: (a: number, b: number) => number,
  slicer: Slicer,
): Promise<void> {
  if (await isSorted(items, compare, slicer)) return;
  for (let from = 0; from < items.length; from += RUN) {
    items.subarray(from, from + RUN).sort(compare);
    if (slicer.isDue(RUN)) await slicer.rest();
  }
  let source = items;
  let target: Uint32Array = new Uint32Array(items.length);
  for (let width = RUN; width < items.length; width *= 2) {
    for (let from = 0; from < items.length; from += 2 * width) {
      await merge(
        source,
        target,
        { from, middle: from + width, to: from + 2 * width },
        compare,
        slicer,
      );
    }
    [source, target] = [target, source];
  }
  if (source !== items) items.set(source);
}

/** Mail comes nearly in the order in which it was sent. */
async function isSorted(
  items: Uint32Array,
  compare: (a: number, b: number) => number,
  slicer: Slicer,
): Promise<boolean> {
  for (let at = 1; at < items.length; at++) {
    if (compare(items[at - 1], items[at]) > 0) return false;
    if (slicer.isDue()) await slicer.rest();
  }
  return true;
}

async function merge(
  source: Uint32Array,
  target: Uint32Array,
  range: { readonly from: number; readonly middle: number; readonly to: number },
  compare: (a: number, b: number) => number,
  slicer: Slicer,
): Promise<void> {
  const middle = Math.min(range.middle, source.length);
  const end = Math.min(range.to, source.length);
  let left = range.from;
  let right = middle;
  for (let at = range.from; at < end; at++) {
    const takesLeft = left < middle && (right >= end || compare(source[left], source[right]) <= 0);
    target[at] = takesLeft ? source[left++] : source[right++];
    if (slicer.isDue()) await slicer.rest();
  }
}
