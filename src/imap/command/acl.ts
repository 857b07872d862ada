/** SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS (RFC 4314 §3). */

import type { ArgumentReader } from "../wire/argument-reader.ts";

export type SetAclCommand = {
  readonly verb: "SETACL";
  readonly mailbox: string;
  readonly identifier: string;
  readonly action: "set" | "add" | "remove";
  /** Letters, as they came. */
  readonly rights: string;
};

type AboutIdentifier<V extends string> = {
  readonly verb: V;
  readonly mailbox: string;
  readonly identifier: string;
};

export type DeleteAclCommand = AboutIdentifier<"DELETEACL">;
export type ListRightsCommand = AboutIdentifier<"LISTRIGHTS">;
export type GetAclCommand = { readonly verb: "GETACL"; readonly mailbox: string };
export type MyRightsCommand = { readonly verb: "MYRIGHTS"; readonly mailbox: string };

const ACTIONS: ReadonlyMap<string, SetAclCommand["action"]> = new Map([
  ["+", "add"],
  ["-", "remove"],
]);

export function readSetAcl(reader: ArgumentReader): SetAclCommand {
  const { mailbox, identifier } = readAboutIdentifier(reader, "SETACL");
  reader.space();
  const text = reader.astring();
  const action = ACTIONS.get(text.slice(0, 1));
  return {
    verb: "SETACL",
    mailbox,
    identifier,
    action: action ?? "set",
    rights: action === undefined ? text : text.slice(1),
  };
}

export function readAboutIdentifier<V extends "SETACL" | "DELETEACL" | "LISTRIGHTS">(
  reader: ArgumentReader,
  verb: V,
): AboutIdentifier<V> {
  reader.space();
  const mailbox = reader.mailbox();
  reader.space();
  return { verb, mailbox, identifier: reader.utf8(reader.astring()) };
}

export function readAboutMailbox<V extends "GETACL" | "MYRIGHTS">(
  reader: ArgumentReader,
  verb: V,
): { readonly verb: V; readonly mailbox: string } {
  reader.space();
  return { verb, mailbox: reader.mailbox() };
}
