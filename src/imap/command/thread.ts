/** THREAD and UID THREAD (RFC 5256 §3). */

import type { SearchKey } from "../search-key.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";
import { readCharset, readSearchKeys } from "./search.ts";

export type ThreadCommand = {
  readonly verb: "THREAD";
  readonly isUid: boolean;
  readonly algorithm: "ORDEREDSUBJECT" | "REFERENCES";
  readonly key: SearchKey;
};

export function readThread(reader: ArgumentReader, isUid: boolean): ThreadCommand {
  reader.space();
  const word = reader.keyword();
  const algorithm = word === "ORDEREDSUBJECT" ? word : "REFERENCES";
  if (word !== algorithm) reader.fail("Unknown thread algorithm");
  reader.space();
  readCharset(reader);
  return { verb: "THREAD", isUid, algorithm, key: readSearchKeys(reader) };
}
