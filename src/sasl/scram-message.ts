/**
 * The four messages of a SCRAM exchange (RFC 5802 §7) as values. Parsers return undefined for
 * anything outside the grammar, and for the mandatory extension `m=`, of which there is none.
 */

import { decodeBase64, decodeUtf8Strict } from "../base/bytes.ts";
import { decodeSaslName } from "./sasl-name.ts";

/** RFC 5802 §6: `none`: the client cannot bind; `unused`: it could, but saw no -PLUS; else it does bind. */
export type ChannelBindingFlag =
  | { readonly type: "none" }
  | { readonly type: "unused" }
  | { readonly type: "bound"; readonly name: string };

export type ClientFirst = {
  /** As sent: it is bound into the client's final message. */
  readonly gs2Header: string;
  readonly flag: ChannelBindingFlag;
  readonly authorizeAs: string;
  readonly bare: string;
  readonly name: string;
  readonly nonce: string;
};

const CLIENT_FIRST =
  /^((?:([ny])|p=([A-Za-z0-9.-]+)),(?:a=([^,]+))?,)(n=([^,]*),r=([!-+\--~]+)(?:,[A-Za-z]=[^,]*)*)$/;
const SERVER_FIRST = /^r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]{0,9})(?:,[A-Za-z]=[^,]*)*$/;
const CLIENT_FINAL =
  /^(c=([A-Za-z0-9+/=]+),r=([!-+\--~]+)(?:,(?!p=)[A-Za-z]=[^,]*)*),p=([A-Za-z0-9+/=]+)$/;
const SERVER_FINAL = /^(?:v=([A-Za-z0-9+/=]+)|e=([^,]+))(?:,[A-Za-z]=[^,]*)*$/;

export function parseClientFirst(octets: Uint8Array): ClientFirst | undefined {
  const match = CLIENT_FIRST.exec(decodeUtf8Strict(octets) ?? "");
  if (match === null) return undefined;
  const [, gs2Header, plainFlag, bindingName, authorizeAs, bare, escapedName, nonce] = match;
  const name = decodeSaslName(escapedName);
  const acting = authorizeAs === undefined ? "" : decodeSaslName(authorizeAs);
  if (name === undefined || acting === undefined) return undefined;
  const flag = parseFlag(plainFlag, bindingName);
  return { gs2Header, flag, authorizeAs: acting, bare, name, nonce };
}

function parseFlag(letter: string | undefined, bindingName: string): ChannelBindingFlag {
  if (letter === "n") return { type: "none" };
  if (letter === "y") return { type: "unused" };
  return { type: "bound", name: bindingName };
}

export type ServerFirst = {
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
};

export function parseServerFirst(text: string): ServerFirst | undefined {
  const match = SERVER_FIRST.exec(text);
  const salt = match === null ? undefined : decodeBase64(match[2]);
  if (match === null || salt === undefined || salt.length === 0) return undefined;
  return { nonce: match[1], salt, iterations: Number(match[3]) };
}

export type ClientFinal = {
  /** GS2 header and channel binding data. */
  readonly binding: Uint8Array;
  readonly nonce: string;
  readonly withoutProof: string;
  readonly proof: Uint8Array;
};

export function parseClientFinal(octets: Uint8Array): ClientFinal | undefined {
  const match = CLIENT_FINAL.exec(decodeUtf8Strict(octets) ?? "");
  if (match === null) return undefined;
  const binding = decodeBase64(match[2]);
  const proof = decodeBase64(match[4]);
  if (binding === undefined || proof === undefined) return undefined;
  return { binding, nonce: match[3], withoutProof: match[1], proof };
}

export type ServerFinal = { readonly signature: Uint8Array } | { readonly error: string };

export function parseServerFinal(octets: Uint8Array): ServerFinal | undefined {
  const match = SERVER_FINAL.exec(decodeUtf8Strict(octets) ?? "");
  if (match === null) return undefined;
  if (match[2] !== undefined) return { error: match[2] };
  const signature = decodeBase64(match[1]);
  return signature === undefined ? undefined : { signature };
}
