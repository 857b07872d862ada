/** AUTHENTICATE mechanism [initial-response] (RFC 9051 §6.2.2; SASL-IR, RFC 4959). */

import type { ArgumentReader } from "../wire/argument-reader.ts";

export type AuthenticateCommand = {
  readonly verb: "AUTHENTICATE";
  readonly mechanism: string;
  readonly initial: Uint8Array | undefined;
};

export function readAuthenticate(reader: ArgumentReader): AuthenticateCommand {
  reader.space();
  const mechanism = reader.atom().toUpperCase();
  const initial = reader.take(" ") && !reader.isAtEnd ? reader.base64() : undefined;
  return { verb: "AUTHENTICATE", mechanism, initial };
}
