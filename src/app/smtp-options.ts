/** The operator's settings in the terms of the SMTP engine, for one kind of service. */

import { TRANSFER_EXTENSIONS } from "../mta/extensions.ts";
import type { Service } from "../mta/service.ts";
import type { ServeLimits, ServeOptions } from "../smtp/serve-options.ts";
import { NetworkSet } from "../mta/reception/network-set.ts";
import type { Settings } from "./config/settings-shape.ts";

/** What a session of a nearly full server gets. */
const STRESSED: Partial<ServeLimits> = {
  commandTimeoutMs: 10_000,
  dataTimeoutMs: 30_000,
  dataGraceMs: 10_000,
  softErrors: 1,
  hardErrors: 1,
  maxJunkCommands: 1,
};

export type SmtpServiceOptions = Pick<
  ServeOptions,
  | "hostName"
  | "protocol"
  | "extensions"
  | "unansweredVrfy"
  | "isAuthRequired"
  | "strayLineEnds"
  | "trustsXclient"
  | "trustsXforward"
  | "greetDelayMs"
> & { readonly limits: ServeLimitsGiven };

type ServeLimitsGiven = NonNullable<ServeOptions["limits"]>;

export function smtpOptions(settings: Settings, service: Service): SmtpServiceOptions {
  const { smtp, limits } = settings;
  const xclientFrom = new NetworkSet(smtp.xclientFrom);
  const xforwardFrom = new NetworkSet(smtp.xforwardFrom);
  const offersHold = service === "submission" && smtp.longestHold > 0;
  return {
    hostName: settings.hostname,
    protocol: service,
    extensions: offersHold ? [...TRANSFER_EXTENSIONS, "FUTURERELEASE"] : TRANSFER_EXTENSIONS,
    unansweredVrfy: smtp.vrfy === "refuse" ? "refuse" : "cautious",
    isAuthRequired: service === "submission",
    strayLineEnds: smtp.strayLineEnds,
    trustsXclient: (address) => xclientFrom.has(address),
    trustsXforward: (address) => xforwardFrom.has(address),
    greetDelayMs: service === "smtp" ? smtp.greetDelay : 0,
    limits: {
      maxMessageOctets: limits.messageSize,
      maxRecipients: limits.recipientsPerMessage,
      softErrors: Math.ceil(smtp.errors / 2),
      hardErrors: smtp.errors,
      maxJunkCommands: smtp.junkCommands,
      commandTimeoutMs: smtp.commandTime,
      dataTimeoutMs: smtp.commandTime,
      minDataOctetsPerSecond: smtp.minDataRate,
      minDeliverBySeconds: Math.ceil(smtp.shortestDeliverBy / 1000),
      maxTransactions: smtp.messagesPerSession,
      maxHoldSeconds: Math.floor(smtp.longestHold / 1000),
    },
  };
}

/** The same options while nearly all connections are taken: no limit gets wider. */
export function stressedOptions<T extends { readonly limits: ServeLimitsGiven }>(options: T): T {
  const { limits } = options;
  const stressed = Object.fromEntries(
    Object.entries(STRESSED).map(([name, most]) => [
      name,
      Math.min(most, limits[name as keyof ServeLimits] ?? most),
    ]),
  );
  return { ...options, limits: { ...limits, ...stressed } };
}
