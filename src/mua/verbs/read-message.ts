/** `mail read`: one message, as text, as JSON, as it came, or one attachment of it. */

import { MailError } from "../../base/errors.ts";
import { renderMessage } from "../line-mode/commands/reading.ts";
import type { MailSession } from "../session/mail-session.ts";
import { shownFields } from "../view/header-view.ts";
import { attachmentOctets, readMessage, type ReadableMessage } from "../view/readable.ts";
import { numbersOf, octetsOf } from "./named-messages.ts";
import type { VerbOutput } from "./verb-output.ts";

export type ReadOptions = {
  readonly folder: string;
  readonly uid: string;
  /** Leave it unread. */
  readonly peek: boolean;
  readonly allFields: boolean;
  readonly columns: number;
};

async function fetchMessage(
  session: MailSession,
  { folder: name, uid, peek }: Pick<ReadOptions, "folder" | "uid" | "peek">,
): Promise<Uint8Array> {
  const folder = await session.open(name, { readOnly: peek });
  const [number] = numbersOf(folder, [uid]);
  const octets = await octetsOf(folder, number);
  if (!peek) await folder.addFlags([number], ["\\Seen"]);
  return octets;
}

export async function readOne(session: MailSession, options: ReadOptions): Promise<VerbOutput> {
  const message = readMessage(await fetchMessage(session, options));
  return { text: renderMessage(message, options), json: messageJson(message, options) };
}

function messageJson(message: ReadableMessage, { uid, allFields }: ReadOptions): unknown {
  const { octets, root } = message.parsed;
  return {
    uid: Number(uid),
    fields: shownFields(octets, root.header, { all: allFields }),
    text: message.text,
    attachments: message.attachments.map(({ number, fileName, mediaType, sizeOctets }) => ({
      number,
      fileName,
      mediaType,
      sizeOctets,
    })),
  };
}

/** The octets as the server has them. */
export function readRaw(
  session: MailSession,
  options: Pick<ReadOptions, "folder" | "uid" | "peek">,
): Promise<Uint8Array> {
  return fetchMessage(session, options);
}

/** One attachment, decoded. */
export async function readAttachment(
  session: MailSession,
  options: Pick<ReadOptions, "folder" | "uid" | "peek">,
  number: number,
): Promise<Uint8Array> {
  const octets = await fetchMessage(session, options);
  const attachment = readMessage(octets).attachments.find((one) => one.number === number);
  if (attachment === undefined)
    throw new MailError("not-found", `the message has no attachment ${number}`);
  return attachmentOctets(octets, attachment);
}
