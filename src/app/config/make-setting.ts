/** A row of the table of settings, with what most rows have in common. */

import type { Setting } from "./setting.ts";

const FIRST = "0.1.0";

export type Facts<T> = Omit<Setting<T>, "kind" | "since" | "effect"> &
  Partial<Pick<Setting<T>, "since" | "effect">>;

export function setting<T>(facts: Facts<T>): Setting<T> {
  return { kind: "setting", since: FIRST, effect: "restart", ...facts };
}
