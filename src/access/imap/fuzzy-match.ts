/**
 * FUZZY (RFC 6203): every word of what is looked for must be there, in any order, as it is, as part
 * of a longer word, or with a letter or two wrong. The score says how near it was, 1 to 100.
 */

/** Misspelt words are looked for in so much of a text; words as they are, in all of it. */
const MAX_TYPO_CHARACTERS = 262_144;
const MAX_WORDS = 16;
const MAX_WORD_LENGTH = 64;

const SCORE_WHOLE = 100;
const SCORE_BEGINNING = 85;
const SCORE_INSIDE = 70;
const SCORE_ONE_WRONG = 50;
const SCORE_TWO_WRONG = 30;

/** Words of text that has been folded. */
function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
}

export class FuzzyText {
  readonly #text: string;
  #words: ReadonlySet<string> | undefined;

  /** `text` is folded. */
  constructor(text: string) {
    this.#text = text;
  }

  /** 0 when `wanted`, which is folded, is not there. */
  score(wanted: FuzzyWanted): number {
    if (wanted.words.length === 0) return this.#text.includes(wanted.text) ? SCORE_WHOLE : 0;
    let sum = 0;
    for (const word of wanted.words) {
      const score = this.#scoreOf(word);
      if (score === 0) return 0;
      sum += score;
    }
    return Math.max(1, Math.round(sum / wanted.words.length));
  }

  #scoreOf(word: string): number {
    let best = 0;
    for (let at = this.#text.indexOf(word); at !== -1; at = this.#text.indexOf(word, at + 1)) {
      const isBeginning = !isLetter(this.#text, at - 1);
      const isEnd = !isLetter(this.#text, at + word.length);
      if (isBeginning && isEnd) return SCORE_WHOLE;
      best = Math.max(best, isBeginning ? SCORE_BEGINNING : SCORE_INSIDE);
      // What is rarely whole is not looked at for ever.
      if (best === SCORE_BEGINNING && at > MAX_TYPO_CHARACTERS) break;
    }
    return best > 0 ? best : this.#scoreMisspelt(word);
  }

  #scoreMisspelt(word: string): number {
    const most = word.length >= 8 ? 2 : word.length >= 4 ? 1 : 0;
    if (most === 0) return 0;
    this.#words ??= new Set(wordsOf(this.#text.slice(0, MAX_TYPO_CHARACTERS)));
    let nearest = most + 1;
    for (const other of this.#words) {
      if (Math.abs(other.length - word.length) > most) continue;
      nearest = Math.min(nearest, distance(word, other, most));
      if (nearest === 1) return SCORE_ONE_WRONG;
    }
    return nearest <= most ? SCORE_TWO_WRONG : 0;
  }
}

export type FuzzyWanted = { readonly text: string; readonly words: readonly string[] };

/** `text` is folded. */
export function fuzzyWanted(text: string): FuzzyWanted {
  const words = wordsOf(text)
    .slice(0, MAX_WORDS)
    .map((word) => word.slice(0, MAX_WORD_LENGTH));
  return { text, words };
}

function isLetter(text: string, at: number): boolean {
  return at >= 0 && at < text.length && /[\p{L}\p{N}\p{M}]/u.test(text[at]);
}

/** Letters wrong, missing, too many or swapped with their neighbour; over `most` it is `most` + 1. */
function distance(a: string, b: string, most: number): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let value = Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        value = Math.min(value, before[j - 2] + 1);
      }
      row.push(value);
      least = Math.min(least, value);
    }
    if (least > most) return most + 1;
    before = previous;
    previous = row;
  }
  return Math.min(previous[b.length], most + 1);
}
