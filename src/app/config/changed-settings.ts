/** Which settings differ and need a restart to take effect: what an operator is told after SIGHUP. */

import { isDeepStrictEqual } from "node:util";
import type { AnyTable } from "./setting.ts";
import { SETTINGS } from "./settings.ts";
import type { Settings } from "./settings-shape.ts";

export function changedSettings(before: Settings, after: Settings): string[] {
  return changed(SETTINGS as unknown as AnyTable, before, after, "");
}

function changed(table: AnyTable, before: unknown, after: unknown, prefix: string): string[] {
  return Object.entries(table).flatMap(([name, row]) => {
    const was = (before as Record<string, unknown>)[name];
    const is = (after as Record<string, unknown>)[name];
    if (isDeepStrictEqual(was, is)) return [];
    if (row.kind === "group") return changed(row.members, was, is, `${prefix}${name}.`);
    const members = row.kind === "repeated" ? Object.values(row.members) : [row];
    const isLive = members.every(
      (member) => member.kind === "setting" && member.effect === "reload",
    );
    return isLive ? [] : [`${prefix}${name}`];
  });
}
