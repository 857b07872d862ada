/**
 * Our commands as text for the wire. Whatever an argument holds, one command is one line: an
 * argument with a control character is a bug of ours, and never leaves (GHSA-vvjj-4mv9-xrv6's class).
 */

import { invariant } from "../base/errors.ts";
import { formatAddress } from "../message/addr-spec.ts";
import type { OutgoingRecipient, OutgoingTransaction } from "./delivery.ts";
import type { ReversePath } from "./handler.ts";
import type { ServerExtensions } from "./server-extensions.ts";
import { encodeUtf8Address, encodeXtext } from "./xtext.ts";

export function encodeCommand(...words: readonly string[]): string {
  const line = words.join(" ");
  invariant(!/[\u0000-\u001f\u007f-\u009f]/.test(line), "a command has no control characters");
  invariant(line.isWellFormed(), "a command is well-formed text");
  return `${line}\r\n`;
}

/** One argument, in which not even a space may stand. */
function word(text: string): string {
  invariant(!/[\s<>]/.test(text), "a parameter has no spaces or brackets");
  return text;
}

/** MAIL without parameters, as one argument of `encodeCommand`. */
export function encodeSender(reversePath: ReversePath): string {
  return `MAIL FROM:${encodePath(reversePath)}`;
}

/** MAIL with the parameters that the server takes. */
export function encodeMail(
  { reversePath, params = {}, content }: OutgoingTransaction,
  extensions: ServerExtensions,
  needsUtf8: boolean,
): string {
  const words = [`MAIL FROM:${encodePath(reversePath)}`];
  const add = (extension: string, text: string | undefined): void => {
    if (text !== undefined && extensions.has(extension)) words.push(word(text));
  };
  add("SIZE", `SIZE=${content.sizeOctets}`);
  if (content.body === "binarymime") add("BINARYMIME", "BODY=BINARYMIME");
  if (content.body === "8bitmime") add("8BITMIME", "BODY=8BITMIME");
  if (needsUtf8) add("SMTPUTF8", "SMTPUTF8");
  if (params.ret !== undefined) add("DSN", params.ret === "full" ? "RET=FULL" : "RET=HDRS");
  if (params.envid !== undefined) add("DSN", `ENVID=${encodeXtext(params.envid)}`);
  if (params.auth === "<>") {
    if (extensions.has("AUTH")) words.push("AUTH=<>");
  } else if (params.auth !== undefined) add("AUTH", `AUTH=${encodeXtext(params.auth)}`);
  if (params.requireTls) add("REQUIRETLS", "REQUIRETLS");
  if (params.priority !== undefined) add("MT-PRIORITY", `MT-PRIORITY=${params.priority}`);
  if (params.deliverBy !== undefined) add("DELIVERBY", encodeDeliverBy(params.deliverBy));
  if (params.holdUntilMs !== undefined) {
    add("FUTURERELEASE", `HOLDUNTIL=${new Date(params.holdUntilMs).toISOString()}`);
  }
  return encodeCommand(...words);
}

type DeliverBy = NonNullable<NonNullable<OutgoingTransaction["params"]>["deliverBy"]>;

function encodeDeliverBy({ seconds, mode, trace }: DeliverBy): string {
  return `BY=${Math.trunc(seconds)};${mode === "return" ? "R" : "N"}${trace ? "T" : ""}`;
}

export function encodeRcpt(
  { address, notify, orcpt }: OutgoingRecipient,
  extensions: ServerExtensions,
): string {
  const words = [`RCPT TO:${encodePath(address)}`];
  if (extensions.has("DSN")) {
    if (notify !== undefined) {
      words.push(word(`NOTIFY=${notify.length === 0 ? "NEVER" : notify.join(",").toUpperCase()}`));
    }
    if (orcpt !== undefined) words.push(word(encodeOrcpt(orcpt, extensions.has("SMTPUTF8"))));
  }
  return encodeCommand(...words);
}

function encodeOrcpt(orcpt: string, hasUtf8: boolean): string {
  const semicolon = orcpt.indexOf(";");
  const type = semicolon === -1 ? "rfc822" : orcpt.slice(0, semicolon);
  const address = orcpt.slice(semicolon + 1);
  // RFC 6533 §3: an address that is not ASCII needs the type that says how it is written.
  const isUtf8 = type === "utf-8" || /[^\u0000-\u007f]/.test(address);
  return isUtf8
    ? `ORCPT=utf-8;${encodeUtf8Address(address, hasUtf8)}`
    : `ORCPT=${type};${encodeXtext(address)}`;
}

function encodePath(path: ReversePath): string {
  if (path === "null") return "<>";
  const text = path.domain === "" ? path.localPart : formatAddress(path);
  // formatAddress quotes what it must in the local part; nothing quotes a domain.
  word(path.domain);
  return `<${text}>`;
}
