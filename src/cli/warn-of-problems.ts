/**
 * What an alias or a catch-all leads to may be made later, so it stands; but a slip of the finger would
 * refuse mail, so the operator hears of it at once. Nothing is looked up in DNS.
 */

import type { FoundConfig } from "../app/config/find-config.ts";
import { makeTracer } from "../app/make-tracer.ts";
import { silentLog } from "../base/log.ts";
import { parseAddress } from "../message/addr-spec.ts";
import type { Store } from "../store/contract.ts";

export async function warnOfProblems(
  address: string,
  store: Store,
  { settings }: FoundConfig,
): Promise<void> {
  const parsed = parseAddress(address);
  if (!parsed.ok) return;
  const tracer = await makeTracer(settings, store, silentLog);
  for (const { address: where, code, status, text } of tracer.resolve(parsed.value).problems) {
    process.stderr.write(`posthorn: warning: ${where}: ${code} ${status} ${text}\n`);
  }
}
