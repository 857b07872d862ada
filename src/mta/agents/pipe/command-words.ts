/**
 * The words of a command as an alias file writes it: parted by white space, with quotes and
 * backslashes, and nothing else that a shell would do.
 */

import { fault, ok, type Result } from "../../../base/result.ts";

export function commandWords(text: string): Result<readonly string[]> {
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at])) {
      at++;
      continue;
    }
    let word = "";
    while (at < text.length && !/\s/.test(text[at])) {
      const char = text[at++];
      if (char === '"' || char === "'") {
        const close = text.indexOf(char, at);
        if (close === -1) return fault("a quote is not closed", at);
        word += text.slice(at, close);
        at = close + 1;
      } else if (char === "\\" && at < text.length) word += text[at++];
      else if (/[;&|<>$`*?()[\]#~!{}]/.test(char)) {
        return fault(
          `"${char}" needs a shell, and there is none here: put the command into a script`,
          at,
        );
      } else word += char;
    }
    words.push(word);
  }
  if (words.length === 0) return fault("there is no command");
  if (!words[0].startsWith("/")) {
    return fault("the program needs its absolute path");
  }
  return ok(words);
}
