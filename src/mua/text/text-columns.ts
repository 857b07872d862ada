/**
 * How many columns of a terminal a text takes. The library that knows makes large tables as it is
 * loaded, which takes as long as a fifth of a command's start: it is loaded at the first text that
 * is not ASCII.
 */

import { createRequire } from "node:module";

const PRINTABLE_ASCII = /^[\u0020-\u007e]*$/;

export function isPrintableAscii(text: string): boolean {
  return PRINTABLE_ASCII.test(text);
}

export function columnsOf(text: string): number {
  return isPrintableAscii(text) ? text.length : widthOfAny()(text);
}

type StringWidth = (text: string) => number;
let stringWidth: StringWidth | undefined;

function widthOfAny(): StringWidth {
  if (stringWidth === undefined) {
    const require = createRequire(import.meta.url);
    stringWidth = (require("string-width") as { readonly default: StringWidth }).default;
  }
  return stringWidth;
}
