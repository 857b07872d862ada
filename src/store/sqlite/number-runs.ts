/**
 * Sets of numbers as runs: what is done to neighbours is one statement, and ten thousand of them cross
 * a thread as two.
 */

/** First and last of each run, one after another; runs ascend and do not touch. */
export type Runs = readonly number[];

/** `numbers` ascend, each once. */
export function runsOf(numbers: ArrayLike<number>): number[] {
  const runs: number[] = [];
  for (let at = 0; at < numbers.length;) {
    const first = numbers[at];
    let last = first;
    for (at++; at < numbers.length && numbers[at] === last + 1; at++) last++;
    runs.push(first, last);
  }
  return runs;
}

/** In any order, and perhaps twice; nearly always they ascend already. */
export function runsOfAny(numbers: ArrayLike<number>): number[] {
  const runs = runsOf(numbers);
  for (let at = 2; at < runs.length; at += 2) {
    if (runs[at] <= runs[at - 1]) {
      return runsOf([...new Set(Array.from(numbers))].sort((a, b) => a - b));
    }
  }
  return runs;
}

export function numbersIn(runs: Runs): number[] {
  const numbers: number[] = [];
  numbers.length = countIn(runs);
  let to = 0;
  for (let at = 0; at < runs.length; at += 2) {
    for (let number = runs[at]; number <= runs[at + 1]; number++) numbers[to++] = number;
  }
  return numbers;
}

export function countIn(runs: Runs): number {
  let count = 0;
  for (let at = 0; at < runs.length; at += 2) count += runs[at + 1] - runs[at] + 1;
  return count;
}
