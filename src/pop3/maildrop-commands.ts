/** The commands of the TRANSACTION state (RFC 1939 §5 to §7): STAT, LIST, UIDL, RETR, TOP, DELE, RSET, NOOP. */

import { isMailError } from "../base/errors.ts";
import type { MaildropCommand } from "./command.ts";
import { DotStuffer } from "./dot-stuffing.ts";
import { cutShort } from "./pop3-connection.ts";
import type { OpenMaildrop, Pop3Session } from "./pop3-session.ts";
import { TextLines } from "./text-lines.ts";
import { TopCutter } from "./top-cutter.ts";

/** How much of a message is in memory at once. */
const SLICE_OCTETS = 262_144;
/** TOP looks at headers and a few lines, seldom at more. */
const TOP_SLICE_OCTETS = 16_384;

export async function answerInMaildrop(
  session: Pop3Session,
  drop: OpenMaildrop,
  command: MaildropCommand,
): Promise<void> {
  switch (command.verb) {
    case "NOOP":
      return session.connection.positive("");
    case "STAT":
      return answerStat(session, drop);
    case "LIST":
    case "UIDL":
      return answerListing(session, drop, command);
    case "RETR":
    case "TOP":
      return answerMessage(session, drop, command);
    case "DELE":
      return answerDele(session, drop, command.message);
    case "RSET":
      return answerRset(session, drop);
  }
}

function answerStat({ connection }: Pop3Session, drop: OpenMaildrop): void {
  const { count, octets } = drop.remaining;
  // RFC 1939 §5: exactly this; some clients read no further.
  connection.positive(`${count} ${octets}`);
}

function answerDele(session: Pop3Session, drop: OpenMaildrop, message: number): void {
  const index = findMessage(session, drop, message);
  if (index === undefined) return;
  drop.markDeleted(index);
  session.connection.positive(`message ${message} is marked`);
}

function answerRset({ connection }: Pop3Session, drop: OpenMaildrop): void {
  drop.unmarkAll();
  connection.positive(`${drop.remaining.count} messages, ${drop.remaining.octets} octets`);
}

/** LIST and UIDL: one line for a message, or one for each that is not marked. */
async function answerListing(
  session: Pop3Session,
  drop: OpenMaildrop,
  { verb, message }: { readonly verb: "LIST" | "UIDL"; readonly message?: number },
): Promise<void> {
  const { connection } = session;
  const { messages } = drop;
  const describe =
    verb === "LIST"
      ? (index: number) => `${index + 1} ${messages.sizeOctets(index)}`
      : (index: number) => `${index + 1} ${messages.uniqueId(index)}`;
  if (message !== undefined) {
    const index = findMessage(session, drop, message);
    if (index !== undefined) connection.positive(describe(index));
    return;
  }
  connection.positive(`${drop.remaining.count} messages`);
  for (let index = 0; index < messages.count; index++) {
    if (drop.isDeleted(index)) continue;
    connection.addTrustedLine(describe(index));
    await connection.relieve();
  }
  connection.addTrustedLine(".");
}

/** RETR, and TOP where `lines` is given. */
async function answerMessage(
  session: Pop3Session,
  drop: OpenMaildrop,
  { message, lines }: { readonly message: number; readonly lines?: number },
): Promise<void> {
  const { connection } = session;
  const index = findMessage(session, drop, message);
  if (index === undefined) return;
  const sizeOctets = drop.messages.sizeOctets(index);
  const sliceOctets = lines === undefined ? SLICE_OCTETS : TOP_SLICE_OCTETS;
  const cutter = lines === undefined ? undefined : new TopCutter(lines);
  const text = new TextLines();
  const stuffer = new DotStuffer();
  let slice: Uint8Array;
  try {
    // Before anything is promised: another program may have removed it.
    slice = await drop.messages.read(index, 0, Math.min(sliceOctets, sizeOctets));
  } catch (error) {
    if (!isMailError(error, "not-found")) throw error;
    return connection.negative("this message has been removed by another program", "SYS/PERM");
  }
  connection.positive(`${sizeOctets} octets`);
  connection.isMidResponse = true;
  let start = 0;
  for (;;) {
    if (start + slice.length > sizeOctets || (slice.length === 0 && start < sizeOctets)) {
      throw cutShort();
    }
    const end = cutter?.cut(slice) ?? { octets: slice.length, isDone: false };
    connection.addOctets(stuffer.stuff(text.mend(slice.subarray(0, end.octets))));
    drop.sentOctets += end.octets;
    start += slice.length;
    if (end.isDone || start === sizeOctets) break;
    await connection.relieve();
    slice = await drop.messages.read(index, start, Math.min(start + sliceOctets, sizeOctets));
  }
  connection.addOctets(stuffer.end());
  connection.isMidResponse = false;
  drop.sentMessages++;
  if (lines === undefined) drop.markRetrieved(index);
  await connection.relieve();
}

/** The index of a message the client may name, or undefined after it has been told why not. */
function findMessage(
  { connection }: Pop3Session,
  drop: OpenMaildrop,
  message: number,
): number | undefined {
  if (message < 1 || message > drop.messages.count) {
    connection.negative(`there is no message ${message}`);
    return undefined;
  }
  if (drop.isDeleted(message - 1)) {
    connection.negative(`message ${message} is marked as deleted`);
    return undefined;
  }
  return message - 1;
}
