/** Numbers that follow one another, as ranges: what is done to neighbours is one statement. */

export type NumberRun = { readonly first: number; last: number };

/** `numbers` ascend, each once. */
export function runsOf(numbers: Iterable<number>): NumberRun[] {
  const runs: NumberRun[] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run?.last === number - 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs;
}
