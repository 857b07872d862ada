/** `mail delete`, `move`, `copy`, `flag` and `save`: what a script does with messages it names. */

import { MailError } from "../../base/errors.ts";
import { isFlag } from "../../imap/client/command.ts";
import {
  formatFor,
  saveMessage,
  writeUnderFreeName,
  type SaveFormat,
} from "../save/save-message.ts";
import type { MailSession } from "../session/mail-session.ts";
import { attachmentOctets, readMessage } from "../view/readable.ts";
import { numbersOf, octetsOf } from "./named-messages.ts";
import type { VerbOutput } from "./verb-output.ts";

type Named = { readonly folder: string; readonly uids: readonly string[] };

function told(done: string, uids: readonly number[], more: object = {}): VerbOutput {
  const what = uids.length === 1 ? "message" : "messages";
  return { text: `${uids.length} ${what} ${done}\n`, json: { uids, ...more } };
}

/** Removes for good: nothing is left to take back. */
export async function deleteMessages(
  session: MailSession,
  { folder: name, uids }: Named,
): Promise<VerbOutput> {
  const folder = await session.open(name);
  const numbers = numbersOf(folder, uids);
  const removed = numbers.map((number) => folder.uidOf(number));
  folder.markDeleted(numbers);
  await folder.commit();
  return told("removed", removed);
}

export async function transferMessages(
  session: MailSession,
  { folder: name, uids }: Named,
  how: "move" | "copy",
  target: string,
): Promise<VerbOutput> {
  const folder = await session.open(name);
  const numbers = numbersOf(folder, uids);
  const sources = numbers.map((number) => folder.uidOf(number));
  if (how === "move") await folder.move(numbers, target);
  else await folder.copy(numbers, target);
  return told(`${how === "move" ? "moved" : "copied"} to ${target}`, sources, { target });
}

const SYSTEM_FLAGS: ReadonlyMap<string, string> = new Map([
  ["seen", "\\Seen"],
  ["read", "\\Seen"],
  ["flagged", "\\Flagged"],
  ["answered", "\\Answered"],
  ["draft", "\\Draft"],
]);

/** `+flagged`, `-seen`, `+keyword`. */
export async function flagMessages(
  session: MailSession,
  { folder: name, uids }: Named,
  changes: readonly string[],
): Promise<VerbOutput> {
  const parsed = changes.map((text) => {
    const word = text.slice(1);
    const flag = SYSTEM_FLAGS.get(word.toLowerCase().replace(/^\\/, "")) ?? word;
    if (!/^[+-]/.test(text) || !isFlag(flag)) {
      throw new MailError("refused", `"${text}" is no change of flags: +flagged, -seen, +keyword`);
    }
    return { isOn: text.startsWith("+"), flag };
  });
  const folder = await session.open(name);
  const numbers = numbersOf(folder, uids);
  for (const { isOn, flag } of parsed) {
    await (isOn ? folder.addFlags(numbers, [flag]) : folder.removeFlags(numbers, [flag]));
  }
  return told(
    "changed",
    numbers.map((number) => folder.uidOf(number)),
    { changes },
  );
}

export type SaveOptions = Named & {
  readonly target: string;
  readonly format: SaveFormat | undefined;
  /** Not the messages but what is attached to them, into the folder `target`. */
  readonly attachments: boolean;
};

export async function saveMessages(
  session: MailSession,
  options: SaveOptions,
): Promise<VerbOutput> {
  const folder = await session.open(options.folder, { readOnly: true });
  const numbers = numbersOf(folder, options.uids);
  const format = options.format ?? (await formatFor(options.target));
  if (!options.attachments && format === "eml" && numbers.length > 1) {
    throw new MailError(
      "refused",
      "an .eml file holds one message: name a folder/ or an mbox file",
    );
  }
  const files: string[] = [];
  for (const { number, summary } of await folder.summaries(numbers)) {
    const octets = await octetsOf(folder, number);
    if (options.attachments) {
      for (const attachment of readMessage(octets).attachments) {
        const content = attachmentOctets(octets, attachment);
        files.push(await writeUnderFreeName(options.target, attachment.fileName, content));
      }
      continue;
    }
    const [writer] = summary.envelope.from;
    const sender = writer === undefined ? "" : `${writer.localPart}@${writer.domain}`;
    const saved = { octets, sender, arrivedAtMs: summary.arrivedAtMs, flags: summary.flags };
    files.push(await saveMessage(saved, options.target, format, session.deps.random));
  }
  const distinct = [...new Set(files)];
  return {
    text: distinct.map((file) => `${file}\n`).join(""),
    json: { uids: numbers.map((number) => folder.uidOf(number)), files: distinct },
  };
}
