/**
 * Text of a stranger made safe to show on one line: no controls, line ends, or invisible marks that
 * reorder what stands around it (UTS #36, Unicode TR9 embeddings and isolates).
 */

const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/;
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
const DROPPED = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/g;

export function displayText(text: string): string {
  if (!UNSAFE.test(text)) return text;
  return text.replace(BREAKS, " ").replace(DROPPED, "");
}

/** The same for text of many lines: line ends become LF, tabs stay. */
export function displayLines(text: string): string {
  return text
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, "\n")
    .replace(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/g,
      "",
    );
}
