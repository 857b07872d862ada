/** THREAD and UID THREAD (RFC 5256 §3; REFS, draft-ietf-morg-inthread). */

import type { SearchKey } from "../search-key.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";
import { readCharset, readSearchKeys } from "./search.ts";

const ALGORITHMS = ["ORDEREDSUBJECT", "REFERENCES", "REFS"] as const;

export type ThreadCommand = {
  readonly verb: "THREAD";
  readonly isUid: boolean;
  readonly algorithm: (typeof ALGORITHMS)[number];
  readonly key: SearchKey;
};

export function readThread(reader: ArgumentReader, isUid: boolean): ThreadCommand {
  reader.space();
  const word = reader.keyword();
  const algorithm = ALGORITHMS.find((known) => known === word);
  if (algorithm === undefined) reader.fail("Unknown thread algorithm");
  reader.space();
  readCharset(reader);
  return { verb: "THREAD", isUid, algorithm: algorithm ?? "REFS", key: readSearchKeys(reader) };
}
