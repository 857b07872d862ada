/**
 * Hands the recipients of a job to the agents of their transports. Routes are chosen at each attempt,
 * so that a changed configuration counts for waiting mail too; what an alias file has named (a file, a
 * command) and what is for our own mailboxes stays as its row says.
 */

import { parseAddress } from "../../message/addr-spec.ts";
import type { QueueJob, QueueRecipient } from "../../store/queue.ts";
import { asciiDomain } from "../resolution/ascii-domain.ts";
import {
  chooseRoute,
  type AgentTransport,
  type Route,
  type RouteByDns,
  type RouteByHops,
  type RouteConfig,
} from "../routing/choose-route.ts";
import type { DeliveryAgent, RecipientOutcome } from "./outcome.ts";
import { LOCAL_TRANSPORT, TARGET_TRANSPORT } from "./transports.ts";

export type RouteAgents = {
  readonly local: DeliveryAgent;
  readonly targets: DeliveryAgent;
  readonly remote: {
    deliverBy(route: RouteByDns | RouteByHops, job: QueueJob): Promise<readonly RecipientOutcome[]>;
  };
  readonly here: {
    deliverBy(transport: AgentTransport, job: QueueJob): Promise<readonly RecipientOutcome[]>;
  };
};

export class RoutedDelivery implements DeliveryAgent {
  readonly #agents: RouteAgents;
  readonly #config: RouteConfig;

  constructor(agents: RouteAgents, config: RouteConfig) {
    this.#agents = agents;
    this.#config = config;
  }

  async deliver(job: QueueJob): Promise<readonly RecipientOutcome[]> {
    if (job.transport === LOCAL_TRANSPORT) return this.#agents.local.deliver(job);
    if (job.transport === TARGET_TRANSPORT) return this.#agents.targets.deliver(job);
    const outcomes: RecipientOutcome[] = [];
    for (const { route, recipients } of this.#byRoute(job)) {
      outcomes.push(...(await this.#deliverBy(route, { ...job, recipients })));
    }
    return outcomes;
  }

  #deliverBy(route: Route, job: QueueJob): Promise<readonly RecipientOutcome[]> {
    if ("agent" in route) return this.#agents.here.deliverBy(route.agent, job);
    if (route.transport === LOCAL_TRANSPORT) return this.#agents.local.deliver(job);
    return this.#agents.remote.deliverBy(route, job);
  }

  #byRoute(job: QueueJob): { route: Route; recipients: QueueRecipient[] }[] {
    const groups = new Map<unknown, { route: Route; recipients: QueueRecipient[] }>();
    const { reversePath: sender, submittedBy: account } = job.message;
    for (const recipient of job.recipients) {
      const address = parseAddress(recipient.recipient);
      const { localPart, domain } = address.ok
        ? address.value
        : { localPart: recipient.recipient, domain: job.destination };
      const mail = { recipient: { localPart, domain: asciiDomain(domain) }, sender, account };
      const route = chooseRoute(mail, this.#config);
      const key = "agent" in route ? route.agent : `${route.transport} ${route.destination}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { route, recipients: [recipient] });
      else group.recipients.push(recipient);
    }
    return [...groups.values()];
  }
}
