/**
 * Orders the sections of a FETCH so that HEADER.FIELDS items of one header section stand together,
 * where the first of them stood: read and parsed once, the header need not be kept while other items
 * are written. RFC 9051 §7.5.2 leaves the order of items to the server.
 */

import type { SectionItem } from "../../imap/command/fetch.ts";

export function choosesFields({ section }: SectionItem): boolean {
  return section.kind === "fields" || section.kind === "fields-not";
}

export function fieldsTogether(items: readonly SectionItem[]): readonly SectionItem[] {
  const groups = new Map<unknown, SectionItem[]>();
  for (const item of items) {
    const key = choosesFields(item) ? item.section.path.join(".") : item;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()].flat();
}
