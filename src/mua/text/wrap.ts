/** Breaks long lines at spaces, for reading. Quoting marks at the start of a line are repeated. */

import { cutColumns } from "./screen-text.ts";
import { columnsOf } from "./text-columns.ts";

const LEAD = /^(?:> ?)*[ \t]*(?:[*•-] )?/;

export function wrapText(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) =>
      line.length <= columns && columnsOf(line) <= columns ? line : wrapLine(line, columns),
    )
    .join("\n");
}

function wrapLine(line: string, columns: number): string {
  const lead = LEAD.exec(line)?.[0] ?? "";
  const hang = lead.replace(/[*•-] $/, "  ");
  const room = Math.max(20, columns - columnsOf(hang));
  const rows: string[] = [];
  let row = "";
  let rowColumns = 0;
  for (const word of line.slice(lead.length).split(" ")) {
    const wordColumns = columnsOf(word);
    if (row !== "" && rowColumns + 1 + wordColumns > room) {
      rows.push(row);
      row = word;
      rowColumns = wordColumns;
    } else {
      row =
        row === "" && rows.length > 0
          ? word
          : rows.length === 0 && row === ""
            ? word
            : `${row} ${word}`;
      rowColumns = columnsOf(row);
    }
    // Longer than a row: a URL stays whole, so that it can be followed; writing without spaces is cut.
    while (rowColumns > room && /[^\u0000-\u02ff]/.test(row)) {
      const first = cutColumns(row, room);
      if (first === "" || first === row) break;
      rows.push(first);
      row = row.slice(first.length);
      rowColumns = columnsOf(row);
    }
  }
  rows.push(row);
  return rows.map((text, index) => (index === 0 ? lead : hang) + text).join("\n");
}
