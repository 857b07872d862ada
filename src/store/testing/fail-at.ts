/**
 * Hooks for a store's writer that let a named point of a commit fail as a disk does, the first
 * `times` times: `fail-at.ts?point=rows-written&code=ENOSPC&times=2`.
 */

const parameters = new URL(import.meta.url).searchParams;
const wanted = parameters.get("point");
const code = parameters.get("code") ?? "EIO";
let left = Number(parameters.get("times") ?? 1);

/** The first commits make the test's account. */
let skipped = Number(parameters.get("skip") ?? 0);

export function at(point: string): void {
  if (point !== wanted || skipped-- > 0 || left <= 0) return;
  left--;
  throw Object.assign(new Error(`${code}: a test lets the disk fail`), { code });
}
