/**
 * Sets of numbers as runs: what is done to neighbours is one statement, and ten thousand of them cross
 * a thread as two.
 */

/** First and last of each run, one after another; runs ascend and do not touch. */
export type Runs = readonly number[];

/** `numbers` ascend, each once. */
export function runsOf(numbers: Iterable<number>): number[] {
  const runs: number[] = [];
  let last = Number.NaN;
  for (const number of numbers) {
    if (number === last + 1) runs[runs.length - 1] = number;
    else runs.push(number, number);
    last = number;
  }
  return runs;
}

/** In any order, and perhaps twice; nearly always they ascend already. */
export function runsOfAny(numbers: readonly number[]): number[] {
  const isAscending = numbers.every((number, index) => index === 0 || numbers[index - 1] < number);
  return runsOf(isAscending ? numbers : [...new Set(numbers)].sort((a, b) => a - b));
}

export function numbersIn(runs: Runs): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < runs.length; at += 2) {
    for (let number = runs[at]; number <= runs[at + 1]; number++) numbers.push(number);
  }
  return numbers;
}

export function countIn(runs: Runs): number {
  let count = 0;
  for (let at = 0; at < runs.length; at += 2) count += runs[at + 1] - runs[at] + 1;
  return count;
}
