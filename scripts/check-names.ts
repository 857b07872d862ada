/**
 * Keeps ARCHITECTURE.md true: every file it names is there, and every name given right after a file
 * stands in that file.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export function findStaleNames(root: string, document: string): string[] {
  const text = readFileSync(join(root, document), "utf8");
  const stale: string[] = [];
  for (const [, path, name] of text.matchAll(/`(src\/[\w./-]+)`(?: `([\w]+)`)?/g)) {
    if (!existsSync(join(root, path))) stale.push(`${document} names ${path}, which is not there`);
    else if (
      name !== undefined &&
      !new RegExp(`\\b${name}\\b`).test(readFileSync(join(root, path), "utf8"))
    ) {
      stale.push(`${document} names ${name} in ${path}, which does not know it`);
    }
  }
  return stale;
}
