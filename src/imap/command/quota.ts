/** GETQUOTA root and GETQUOTAROOT mailbox (RFC 9208 §4.1.1, §4.1.2). */

import type { ArgumentReader } from "../wire/argument-reader.ts";

export type GetQuotaCommand = { readonly verb: "GETQUOTA"; readonly root: string };
export type GetQuotaRootCommand = { readonly verb: "GETQUOTAROOT"; readonly mailbox: string };

export function readGetQuota(reader: ArgumentReader): GetQuotaCommand {
  reader.space();
  return { verb: "GETQUOTA", root: reader.astring() };
}

export function readGetQuotaRoot(reader: ArgumentReader): GetQuotaRootCommand {
  reader.space();
  return { verb: "GETQUOTAROOT", mailbox: reader.mailbox() };
}
