/**
 * Which messages a command means (POSIX mailx, "msglist", and what s-nail adds): numbers, ranges,
 * `+ - . ^ $ *`, a name in From or To, `/text` in the subject, `:u` and its like, `;` the message
 * before, `` ` `` the list before. Matching is the server's work.
 */

import { fault, ok, type Result } from "../../base/result.ts";
import type { SearchKey } from "../../imap/client/search-key.ts";
import type { MailFolder } from "../folder/mail-folder.ts";

export type ListContext = {
  readonly folder: MailFolder;
  readonly current: number | undefined;
  readonly previous: number | undefined;
  readonly lastList: readonly number[];
  /** What may be named: messages not deleted, only deleted ones (`undelete`), or all. */
  readonly among: "visible" | "deleted" | "all";
};

const STATES: ReadonlyMap<string, SearchKey> = new Map<string, SearchKey>([
  ["a", { key: "is", is: "answered" }],
  ["f", { key: "is", is: "flagged" }],
  ["n", { key: "is", is: "new" }],
  ["o", { key: "is", is: "old" }],
  ["r", { key: "is", is: "seen" }],
  ["u", { key: "is", is: "unseen" }],
]);

/** The numbers meant, in the order shown, each once; the current message when nothing is named. */
export async function resolveMessageList(
  words: readonly string[],
  context: ListContext,
): Promise<Result<number[]>> {
  const shown = shownNumbers(context);
  if (words.length === 0) {
    const { current } = context;
    return current !== undefined && shown.includes(current) ? ok([current]) : fault("no message");
  }
  const wanted = new Set<number>();
  for (const word of words) {
    const found = await resolveWord(word, context, shown);
    if (!found.ok) return found;
    for (const number of found.value) wanted.add(number);
  }
  const numbers = shown.filter((number) => wanted.has(number));
  return numbers.length === 0 ? fault(`no such message: ${words.join(" ")}`) : ok(numbers);
}

export function shownNumbers({ folder, among }: Pick<ListContext, "folder" | "among">): number[] {
  return folder.order
    .map(({ number }) => number)
    .filter((number) => among === "all" || folder.isDeleted(number) === (among === "deleted"));
}

async function resolveWord(
  word: string,
  context: ListContext,
  shown: readonly number[],
): Promise<Result<readonly number[]>> {
  if (word === "*") return ok(shown);
  if (word === "`") return ok(context.lastList);
  const state = /^:([a-z])$/.exec(word);
  if (state !== null) return resolveState(state[1], context);
  if (word.startsWith("/") && word.length > 1) {
    return ok(await context.folder.search({ key: "subject", text: word.slice(1) }));
  }
  const range = /^([^-]+)-([^-]+)$/.exec(word);
  const [first, last] =
    range === null ? [] : [endOf(range[1], context, shown), endOf(range[2], context, shown)];
  if (first !== undefined && last !== undefined) return ok(between(first, last, context, shown));
  const single = endOf(word, context, shown);
  if (single !== undefined) return resolveNumber(single, context, shown);
  return resolveName(word, context);
}

function resolveNumber(
  number: number,
  { folder, among }: ListContext,
  shown: readonly number[],
): Result<readonly number[]> {
  if (shown.includes(number)) return ok([number]);
  if (number < 1 || number > folder.count) return fault(`${number}: there is no such message`);
  if (among === "deleted") return fault(`${number}: this message is not deleted`);
  return fault(
    folder.isDeleted(number)
      ? `${number}: this message is deleted`
      : `${number}: this message is gone`,
  );
}

/** A number, or one of the signs for a place in what is shown. */
function endOf(
  word: string,
  { current, previous }: ListContext,
  shown: readonly number[],
): number | undefined {
  if (/^\d{1,9}$/.test(word)) return Number(word);
  const at = current === undefined ? -1 : shown.indexOf(current);
  switch (word) {
    case ".":
      return current;
    case "^":
      return shown[0];
    case "$":
      return shown.at(-1);
    case "+":
      return shown[at + 1] ?? current;
    case "-":
      return at > 0 ? shown[at - 1] : current;
    case ";":
      return previous;
    default:
      return undefined;
  }
}

/** By number while messages stand as they arrived, by place once they are sorted. */
function between(
  first: number,
  last: number,
  { folder }: ListContext,
  shown: readonly number[],
): readonly number[] {
  if (folder.sortedBy === "arrival") {
    return shown.filter((number) => number >= first && number <= last);
  }
  const from = shown.indexOf(first);
  const to = shown.indexOf(last);
  return from === -1 || to === -1 ? [] : shown.slice(from, to + 1);
}

async function resolveState(
  letter: string,
  context: ListContext,
): Promise<Result<readonly number[]>> {
  if (letter === "d") return ok(shownNumbers({ folder: context.folder, among: "deleted" }));
  const key = STATES.get(letter);
  return key === undefined
    ? fault(`:${letter} is none of :a :d :f :n :o :r :u`)
    : ok(await context.folder.search(key));
}

async function resolveName(
  text: string,
  { folder }: ListContext,
): Promise<Result<readonly number[]>> {
  const key: SearchKey = { key: "or", either: { key: "from", text }, or: { key: "to", text } };
  const found = await folder.search(key);
  return found.length === 0 ? fault(`no message from or to "${text}"`) : ok(found);
}
