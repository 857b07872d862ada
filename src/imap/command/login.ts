/** LOGIN user password (RFC 9051 §6.2.3). */

import type { ArgumentReader } from "../wire/argument-reader.ts";

export type LoginCommand = {
  readonly verb: "LOGIN";
  readonly user: string;
  readonly password: string;
};

export function readLogin(reader: ArgumentReader): LoginCommand {
  reader.space();
  const user = reader.utf8(reader.astring());
  reader.space();
  const password = reader.utf8(reader.astring());
  return { verb: "LOGIN", user, password };
}
