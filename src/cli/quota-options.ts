/** `--quota` and `--quota-messages`, which accounts and domains have in common. */

import type { Account, Domain } from "../store/directory.ts";
import { readQuota } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { showSize } from "./output.ts";

export type QuotaOptions = { readonly quota?: string; readonly quotaMessages?: string };

/** null for "none"; what was not given is absent. */
export function readQuotas({ quota, quotaMessages }: QuotaOptions): {
  quotaOctets?: number | null;
  quotaMessages?: number | null;
} {
  return {
    ...(quota !== undefined && { quotaOctets: readQuota(quota) }),
    ...(quotaMessages !== undefined && { quotaMessages: readMessages(quotaMessages) }),
  };
}

/** For what is being made: there "none" is the same as nothing. */
export function withoutNulls(quotas: ReturnType<typeof readQuotas>): {
  quotaOctets?: number;
  quotaMessages?: number;
} {
  const { quotaOctets, quotaMessages } = quotas;
  return {
    ...(typeof quotaOctets === "number" && { quotaOctets }),
    ...(typeof quotaMessages === "number" && { quotaMessages }),
  };
}

export function showQuota({ quotaOctets, quotaMessages }: Account | Domain): string {
  const limits = [
    ...(quotaOctets === undefined ? [] : [showSize(quotaOctets)]),
    ...(quotaMessages === undefined
      ? []
      : [`${quotaMessages} ${quotaMessages === 1 ? "message" : "messages"}`]),
  ];
  return limits.length === 0 ? "none" : limits.join(", ");
}

function readMessages(text: string): number | null {
  if (text === "none") return null;
  if (/^[1-9]\d{0,11}$/.test(text)) return Number(text);
  throw new CliError(`"${text}" is not a number of messages, such as 10000, or none`, EXIT.usage);
}
