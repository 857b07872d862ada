/** Lists of message numbers as SEARCH and SORT answer them: a hundred thousand of them hold nobody up. */

import type { ResponseWriter } from "../../imap/wire/response-writer.ts";
import type { Slicer } from "./slicer.ts";

/** Each with a space before it. */
export async function writeNumbers(
  out: ResponseWriter,
  numbers: ArrayLike<number>,
  slicer: Slicer,
): Promise<void> {
  for (let at = 0; at < numbers.length; at++) {
    out.octet(32).number(numbers[at]);
    const isDue = slicer.isDue();
    if (isDue || out.isHeavy) await out.relieve();
    if (isDue) await slicer.rest();
  }
}
