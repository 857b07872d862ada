/**
 * ETRN (RFC 1985): a host that was away asks for the mail that waits for it. The mail goes where it
 * always goes, by its MX records or route: whoever asks can only hasten it, not get it. For those
 * whom the operator names, about domains that we relay for.
 */

import { isMailError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { SmtpSession } from "../../smtp/handler.ts";
import { reply, type Reply } from "../../smtp/reply.ts";
import type { QueueStore } from "../../store/queue.ts";
import type { MtaConfig } from "../config.ts";
import { asciiDomain } from "../resolution/ascii-domain.ts";
import { Askers } from "./askers.ts";

const SYNTAX: Reply = reply(501, "5.5.4", "The syntax is ETRN domain, or @domain for all below it");

export class QueueStart {
  readonly #queue: Pick<QueueStore, "retry">;
  readonly #log: Log;
  readonly #domains: readonly string[];
  readonly #askers: Askers;

  constructor(
    deps: { readonly queue: Pick<QueueStore, "retry">; readonly log: Log },
    config: Pick<MtaConfig, "queries" | "relayDomains">,
  ) {
    this.#queue = deps.queue;
    this.#log = deps.log;
    this.#domains = config.relayDomains.map((domain) => domain.toLowerCase());
    this.#askers = new Askers(config.queries.etrnFrom);
  }

  /** How ETRN is answered in this session; undefined: not at all. */
  etrnFor(session: SmtpSession): ((argument: string) => Promise<Reply>) | undefined {
    return this.#askers.has(session) ? (argument) => this.#start(argument) : undefined;
  }

  async #start(argument: string): Promise<Reply> {
    const match = /^(@?)([A-Za-z0-9\u0080-\uffff](?:[A-Za-z0-9._\u0080-\uffff-]*))$/.exec(argument);
    // RFC 1985 §5.3: `#name` is a queue by a name of the server's own; we have none.
    if (match === null) return SYNTAX;
    const domain = asciiDomain(match[2]).toLowerCase();
    const subdomainsToo = match[1] === "@";
    // By name, each: what else lies below `@test` is not this host's to hasten.
    const domains = this.#domains.filter(
      (ours) => ours === domain || (subdomainsToo && ours.endsWith(`.${domain}`)),
    );
    if (domains.length === 0) {
      return reply(459, "4.7.1", `Node ${domain} not allowed: we do not relay for it`);
    }
    try {
      let started = 0;
      for (const ours of domains) started += await this.#queue.retry({ domain: ours });
      this.#log.info("mta.etrn", { domain: argument, recipients: started });
      if (started === 0) return reply(251, "2.0.0", `No messages waiting for node ${domain}`);
      return reply(253, "2.0.0", `${started} pending messages for node ${domain} started`);
    } catch (error) {
      if (!isMailError(error)) throw error;
      this.#log.error("mta.etrn-failed", error, { domain: argument });
      return reply(458, "4.3.0", `Unable to queue messages for node ${domain}`);
    }
  }
}
