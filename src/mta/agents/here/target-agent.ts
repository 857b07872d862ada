/**
 * Delivers to what an alias file names instead of an address: a file, a command, a named transport.
 * The address is resolved again at each attempt, so that nothing is run or written that the files and
 * the settings do not say any more.
 */

import type { Clock } from "../../../base/clock.ts";
import { parseAddress } from "../../../message/addr-spec.ts";
import type { QueueJob, QueueRecipient } from "../../../store/queue.ts";
import type { AddressResolver } from "../../resolution/address-resolver.ts";
import { routeBy } from "../../routing/choose-route.ts";
import type { Transport } from "../../transport.ts";
import type { RouteAgents } from "../deliver-by-route.ts";
import type { DeliveryAgent, RecipientOutcome } from "../outcome.ts";
import { failedHere, outcomeHere } from "./local-outcome.ts";

export class TargetAgent implements DeliveryAgent {
  readonly #resolver: Pick<AddressResolver, "resolve">;
  readonly #clock: Clock;
  readonly #agents: Omit<RouteAgents, "targets">;

  constructor(
    deps: { readonly resolver: Pick<AddressResolver, "resolve">; readonly clock: Clock },
    agents: Omit<RouteAgents, "targets">,
  ) {
    this.#resolver = deps.resolver;
    this.#clock = deps.clock;
    this.#agents = agents;
  }

  async deliver(job: QueueJob): Promise<readonly RecipientOutcome[]> {
    const outcomes: RecipientOutcome[] = [];
    for (const recipient of job.recipients) {
      const transport = this.#findTransport(recipient, job.destination);
      outcomes.push(
        ...(transport === undefined
          ? [this.#changed(recipient)]
          : await this.#deliverBy(transport, { ...job, recipients: [recipient] })),
      );
    }
    return outcomes;
  }

  #findTransport({ recipient }: QueueRecipient, text: string): Transport | undefined {
    const address = parseAddress(recipient);
    if (!address.ok) return undefined;
    const { branches } = this.#resolver.resolve(address.value);
    return branches.flatMap(({ targets }) => targets).find((target) => target.text === text)
      ?.transport;
  }

  #deliverBy(transport: Transport, job: QueueJob): Promise<readonly RecipientOutcome[]> {
    const address = parseAddress(job.recipients[0].recipient);
    const route = routeBy(transport, address.ok ? address.value.domain : "");
    if ("agent" in route) return this.#agents.here.deliverBy(route.agent, job);
    if (route.transport === "local") return this.#agents.local.deliver(job);
    return this.#agents.remote.deliverBy(route, job);
  }

  #changed(recipient: QueueRecipient): RecipientOutcome {
    const verdict = failedHere("5.1.1", "This address changed while the mail waited.");
    return outcomeHere(recipient, verdict, "none", this.#clock, this.#clock.monotonicMs());
  }
}
