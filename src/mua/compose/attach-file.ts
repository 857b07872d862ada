/** A file of the person's as an attachment: its name, and its media type by the name's extension. */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { MailError } from "../../base/errors.ts";
import { throwFileError } from "../../base/file-error.ts";
import { diskFileName } from "../text/file-name.ts";
import type { Letter } from "./letter.ts";

export async function attachFile(path: string): Promise<Letter["attachments"][number]> {
  if (path === "") throw new MailError("refused", "attach which file?");
  const octets = await readFile(path).catch(throwFileError(path));
  return { octets, fileName: diskFileName(basename(path), "file"), mediaType: mediaTypeOf(path) };
}

const MEDIA_TYPES: ReadonlyMap<string, string> = new Map([
  ["txt", "text/plain"],
  ["csv", "text/csv"],
  ["html", "text/html"],
  ["ics", "text/calendar"],
  ["vcf", "text/vcard"],
  ["eml", "message/rfc822"],
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
  ["svg", "image/svg+xml"],
  ["pdf", "application/pdf"],
  ["zip", "application/zip"],
  ["json", "application/json"],
  ["gz", "application/gzip"],
]);

function mediaTypeOf(path: string): string {
  return MEDIA_TYPES.get(path.split(".").at(-1)?.toLowerCase() ?? "") ?? "application/octet-stream";
}
