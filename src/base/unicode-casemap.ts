/**
 * The collation i;unicode-casemap (RFC 5051): text is mapped to title case, character by character,
 * then decomposed; equal results are equal texts, and substrings are looked for in the results. Order
 * is that of code points, which is that of UTF-8 octets.
 */

/** What two texts are compared by. */
export function casemap(text: string): string {
  if (!/[^\x00-\x7f]/.test(text)) return text.toUpperCase();
  let titled = "";
  for (const character of text) titled += titleOf(character);
  return titled.normalize("NFKD");
}

/** The simple title case mapping of UnicodeData.txt: always one character. */
function titleOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 128) return character.toUpperCase();
  // Letters of two parts whose title case is neither of the other two: Dž, Lj, Nj, Dz.
  if (code >= 0x1c4 && code <= 0x1cc) return TITLE_DIGRAPHS[Math.floor((code - 0x1c4) / 3)];
  if (code >= 0x1f1 && code <= 0x1f3) return TITLE_DIGRAPHS[3];
  // Georgian: upper case is for whole words only; the title case of a letter is itself.
  if (code >= 0x10d0 && code <= 0x10ff) return character;
  const upper = character.toUpperCase();
  if (upper.length === character.length) return upper;
  // Where full upper case is longer (ß), simple mappings leave a letter alone, but for these Greek ones.
  if (isGreekWithIota(code)) return String.fromCodePoint(code + 8);
  if (code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3) return String.fromCodePoint(code + 9);
  return character;
}

const TITLE_DIGRAPHS = ["\u01c5", "\u01c8", "\u01cb", "\u01f2"] as const;

function isGreekWithIota(code: number): boolean {
  const isInBlock = (code >= 0x1f80 && code <= 0x1f9f) || (code >= 0x1fa0 && code <= 0x1faf);
  return isInBlock && (code & 8) === 0;
}

/** Negative, 0 or positive, by code points. */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left === right) continue;
    // UTF-16 puts what is above U+FFFF (surrogates) before U+E000.
    const isLeftHigh = left >= 0xd800 && left <= 0xdfff;
    const isRightHigh = right >= 0xd800 && right <= 0xdfff;
    if (isLeftHigh === isRightHigh) return left - right;
    return isLeftHigh ? (right >= 0xe000 ? 1 : left - right) : left >= 0xe000 ? -1 : left - right;
  }
  return a.length - b.length;
}
