/** The part of the transfer agent that can say what would happen to an address, without a running server. */

import { MailError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { DirectoryLists } from "../lists/directory-lists.ts";
import { makeMta } from "../mta/make-mta.ts";
import type { RecipientTracer } from "../mta/trace-recipient.ts";
import { DnsResolver } from "../net/dns-resolver.ts";
import { nodeCrypto } from "../net/node-crypto.ts";
import { systemClock } from "../net/system-clock.ts";
import { systemRandom } from "../net/system-random.ts";
import type { Store } from "../store/contract.ts";
import type { Settings } from "./config/settings-shape.ts";
import { mtaSettings } from "./mta-settings.ts";
import { resolverSettings } from "./resolver-settings.ts";

export async function makeTracer(
  settings: Settings,
  store: Store,
  log: Log,
): Promise<RecipientTracer> {
  const mta = makeMta({
    store,
    clock: systemClock,
    random: systemRandom,
    crypto: nodeCrypto,
    log,
    resolver: new DnsResolver({
      settings: resolverSettings(settings.dns),
      clock: systemClock,
      random: systemRandom,
      log,
    }),
    connect: () => Promise.reject(new MailError("connect-failed", "tracing connects to nobody")),
    config: mtaSettings(settings),
    lists: new DirectoryLists(store.directory),
  });
  await mta.loadAliases();
  return mta.tracer;
}
