/** COMPRESS algorithm (RFC 4978). */

import type { ArgumentReader } from "../wire/argument-reader.ts";

export type CompressCommand = { readonly verb: "COMPRESS"; readonly algorithm: string };

export function readCompress(reader: ArgumentReader): CompressCommand {
  reader.space();
  return { verb: "COMPRESS", algorithm: reader.atom().toUpperCase() };
}
