/**
 * Domain names of a stranger, shown so that they cannot pass for others (UTS #39): a label that mixes
 * scripts, or that is written wholly in letters that look Latin and are not, is shown as its A-label.
 * Warns; decides nothing, and says nothing about who may use a name.
 */

import { punycodeLabel } from "./punycode.ts";

const SCRIPTS: readonly (readonly [name: string, letters: RegExp])[] = [
  ["Latin", /\p{Script=Latin}/u],
  ["Cyrillic", /\p{Script=Cyrillic}/u],
  ["Greek", /\p{Script=Greek}/u],
  ["Armenian", /\p{Script=Armenian}/u],
  ["Han", /\p{Script=Han}/u],
  ["Hiragana", /\p{Script=Hiragana}/u],
  ["Katakana", /\p{Script=Katakana}/u],
  ["Hangul", /\p{Script=Hangul}/u],
  ["Bopomofo", /\p{Script=Bopomofo}/u],
  [
    "other",
    /[\p{L}--[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Common}\p{Script=Inherited}]]/v,
  ],
];

/** UTS #39 §5.2 "highly restrictive": what people write together. */
const TOGETHER: readonly ReadonlySet<string>[] = [
  new Set(["Latin", "Han", "Hiragana", "Katakana"]),
  new Set(["Latin", "Han", "Bopomofo"]),
  new Set(["Latin", "Han", "Hangul"]),
];

/** Letters that look like Latin ones in most fonts (from UTS #39 confusables.txt, the part that has been abused). */
const LOOK_ALIKES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    а: "a",
    в: "b",
    с: "c",
    ԁ: "d",
    е: "e",
    ё: "e",
    ғ: "f",
    ԍ: "g",
    һ: "h",
    н: "h",
    і: "i",
    ї: "i",
    ј: "j",
    к: "k",
    ӏ: "l",
    м: "m",
    п: "n",
    о: "o",
    р: "p",
    ԛ: "q",
    г: "r",
    ѕ: "s",
    т: "t",
    ц: "u",
    ѵ: "v",
    ԝ: "w",
    х: "x",
    у: "y",
    ү: "y",
    з: "3",
    ь: "b",
    α: "a",
    β: "b",
    ε: "e",
    η: "n",
    ι: "i",
    κ: "k",
    ν: "v",
    ο: "o",
    ρ: "p",
    σ: "o",
    τ: "t",
    υ: "u",
    χ: "x",
    γ: "y",
    ω: "w",
    օ: "o",
    ո: "n",
    ս: "u",
    հ: "h",
    ց: "g",
    ա: "w",
    ı: "i",
    ɑ: "a",
    ɡ: "g",
    ɩ: "i",
    ʋ: "v",
    ƽ: "s",
  }),
);

/** Two names with the same skeleton look the same (UTS #39 §4, for the letters above). */
export function skeleton(text: string): string {
  return Array.from(
    text.normalize("NFKC").toLowerCase(),
    (character) => LOOK_ALIKES.get(character) ?? character,
  ).join("");
}

/** Whether a label could be taken for another. */
export function isConfusable(label: string): boolean {
  if (/^[\u0000-\u007f]*$/.test(label)) return false;
  const found = SCRIPTS.filter(([, letters]) => letters.test(label)).map(([name]) => name);
  if (found.length > 1) return !TOGETHER.some((set) => found.every((name) => set.has(name)));
  // Whole-script: every letter has a Latin double.
  const letters = Array.from(label.toLowerCase()).filter((character) => /\p{L}/u.test(character));
  return (
    found[0] !== "Latin" && letters.length > 0 && letters.every((letter) => LOOK_ALIKES.has(letter))
  );
}

/** The domain to show: confusable labels as `xn--…`, the others as they are. */
export function displayDomain(domain: string): string {
  return domain
    .split(".")
    .map((label) =>
      isConfusable(label) || /[\u202a-\u202e\u2066-\u2069\u200b-\u200f]/.test(label)
        ? punycodeLabel(label)
        : label,
    )
    .join(".");
}
