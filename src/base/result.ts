/**
 * Outcomes as values. A parser or a check that meets wrong input returns a `Fault`; it never
 * throws across a module. Exceptions are for a failed environment (`errors.ts`) and for our bugs.
 */

export type Ok<T> = { readonly ok: true; readonly value: T };

/** Wrong input: what is wrong, in a sentence for a person, and where (an offset in octets or characters). */
export type Fault = { readonly ok: false; readonly problem: string; readonly at: number };

export type Result<T, F extends { readonly ok: false } = Fault> = Ok<T> | F;

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

export function fault(problem: string, at = 0): Fault {
  return { ok: false, problem, at };
}
