/**
 * Domains as a person may trust them (security row 79, after UTS #39): in their own script as long as
 * that can be mistaken for nothing else, otherwise in the ASCII form that no other domain has.
 */

import { toAsciiDomain, toUnicodeDomain } from "../../net/idna.ts";
import { screenText } from "./screen-text.ts";

const SCRIPTS = [
  "Latin",
  "Greek",
  "Cyrillic",
  "Armenian",
  "Hebrew",
  "Arabic",
  "Thai",
  "Cherokee",
  "Georgian",
  "Devanagari",
].map((script) => new RegExp(`\\p{Script_Extensions=${script}}`, "u"));
const EAST_ASIAN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u;
// Small letters of Cyrillic and Greek that look like Latin ones: a label of nothing else is a disguise,
// unless the whole name is in that script.
const LOOKS_LATIN = /^[асеорухіјѕһԁԛԝѵӏαγικνορυωχ0-9-]+$/u;

export function showDomain(domain: string): string {
  const labels = toUnicodeDomain(domain).split(".");
  const isUnderAscii = /^[\u0000-\u007f]*$/.test(labels[labels.length - 1]);
  return labels
    .map((label) => {
      const isDisguise = isUnderAscii && LOOKS_LATIN.test(label) && /[^\u0000-\u007f]/.test(label);
      return isDisguise || isMixed(label)
        ? (toAsciiDomain(label) ?? screenText(label))
        : screenText(label);
    })
    .join(".");
}

function isMixed(label: string): boolean {
  if (/^[\u0020-\u007e]*$/.test(label)) return false;
  if (screenText(label) !== label) return true;
  const scripts = SCRIPTS.filter((script) => script.test(label)).length;
  return scripts > 1 || (scripts === 1 && EAST_ASIAN.test(label) && !/[A-Za-z]/.test(label));
}
