/**
 * Patterns as operators write them: `*` stands for any characters, everything else for itself,
 * without regard to case. Each piece between stars is searched once, from left to right, so that a
 * long text costs no more than its length (security row 46: no backtracking).
 */

export type Matcher = (text: string) => boolean;

export function compileGlob(pattern: string): Matcher {
  const pieces = pattern.toLowerCase().split("*");
  const [first = "", ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) return (text) => text.toLowerCase() === first;
  return (text) => {
    const whole = text.toLowerCase();
    const end = whole.length - last.length;
    let at = first.length;
    if (end < at || !whole.startsWith(first) || !whole.endsWith(last)) return false;
    for (const piece of rest) {
      const found = whole.indexOf(piece, at);
      if (found === -1 || found + piece.length > end) return false;
      at = found + piece.length;
    }
    return true;
  };
}

/**
 * A pattern for mail addresses: `<>` is the null sender, `example.org` a domain, `.example.org` all
 * below it, and whatever has an `@` or a `*` a pattern for the whole address.
 */
export function compileAddressPattern(pattern: string): Matcher {
  if (pattern === "<>") return (text) => text === "";
  if (pattern.includes("@")) return compileGlob(pattern);
  if (pattern.startsWith(".")) return compileGlob(`*@*${pattern}`);
  return pattern.includes("*") ? compileGlob(pattern) : compileGlob(`*@${pattern}`);
}
