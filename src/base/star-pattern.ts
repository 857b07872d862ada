/** Patterns in which `*` stands for any characters, letters in any case. */

/** Matching costs pattern times text; both are short (ID values are cut at 1024 octets). */
export function fitsPattern(pattern: string, text: string): boolean {
  const pieces = pattern.toLowerCase().split("*");
  const subject = text.toLowerCase();
  if (pieces.length === 1) return subject === pieces[0];
  const [first, ...rest] = pieces;
  const last = rest.pop() ?? "";
  if (!subject.startsWith(first) || subject.length < first.length + last.length) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = subject.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return subject.length - last.length >= at && subject.endsWith(last);
}
