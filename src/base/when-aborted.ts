/**
 * Listeners of one AbortSignal by the ten thousand. An event target looks through all its listeners
 * each time one is added or taken away; here that costs the same however many there are.
 */

const listeners: WeakMap<AbortSignal, Set<() => void>> = new WeakMap();

/** Calls `listener` when `signal` aborts (not if it has already). Returns the function that forgets it. */
export function whenAborted(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {};
  let all = listeners.get(signal);
  if (all === undefined) {
    const made: Set<() => void> = new Set();
    listeners.set(signal, made);
    signal.addEventListener("abort", () => callAll(made), { once: true });
    all = made;
  }
  const known = all;
  // One of its own for each call: the same function may be given twice.
  const own = (): void => listener();
  known.add(own);
  return () => void known.delete(own);
}

function callAll(all: Set<() => void>): void {
  const due = [...all];
  all.clear();
  let failure: { readonly error: unknown } | undefined;
  for (const listener of due) {
    try {
      listener();
    } catch (error) {
      failure ??= { error };
    }
  }
  if (failure !== undefined) throw failure.error;
}
