/**
 * A catch-all that leads nowhere is taken, for its account may come later; but until then mail for
 * the domain is refused, which the operator should hear at once.
 */

import type { Command } from "commander";
import { makeTracer } from "../app/make-tracer.ts";
import { silentLog } from "../base/log.ts";
import { parseAddress } from "../message/addr-spec.ts";
import type { Domain } from "../store/directory.ts";
import { withStore } from "./with-store.ts";

export async function warnOfCatchAll(command: Command, { catchAll }: Domain): Promise<void> {
  const parsed = catchAll === undefined ? undefined : parseAddress(catchAll);
  if (catchAll === undefined || !parsed?.ok) return;
  const leadsNowhere = await withStore(command, async (store, { settings }) => {
    const isOurs = store.directory.domains().some(({ name }) => name === parsed.value.domain);
    if (!isOurs) return false;
    const tracer = await makeTracer(settings, store, silentLog);
    const { resolution } = await tracer.trace(parsed.value, { sender: undefined });
    return resolution.branches.length === 0;
  });
  if (!leadsNowhere) return;
  process.stderr.write(
    `posthorn: there is no ${catchAll} yet; until there is, such mail is refused: posthorn account add ${catchAll}\n`,
  );
}
