/**
 * RCPT from strangers: whether the recipient in a relay domain, and the sender, exist where they
 * should, as their servers say. Who may relay is not asked about: a mail program cannot come again.
 */

import type { Address } from "../../message/addr-spec.ts";
import type { SmtpSession } from "../../smtp/handler.ts";
import { reply, type Reply } from "../../smtp/reply.ts";
import type { MtaConfig } from "../config.ts";
import type { AddressResolver } from "../resolution/address-resolver.ts";
import { withAsciiDomain } from "../resolution/ascii-domain.ts";
import type { Resolution } from "../resolution/resolution.ts";
import type { AddressVerifier } from "../verification/address-verifier.ts";
import type { RelayPermission } from "./relay-permission.ts";
import { recipientText, type Transaction } from "./transaction.ts";

export type CalloutDeps = {
  readonly verifier: AddressVerifier;
  readonly relay: RelayPermission;
  readonly resolver: Pick<AddressResolver, "isLocalDomain">;
  readonly config: Pick<MtaConfig, "callout">;
};

const NULL_MX = "5.1.10";

export async function calloutRefusal(
  recipient: Address,
  resolution: Resolution,
  session: SmtpSession,
  { reversePath, account }: Transaction,
  { verifier, relay, resolver, config }: CalloutDeps,
): Promise<Reply | undefined> {
  const { recipients, senders } = config.callout;
  if (relay.isKnown(session, account)) return undefined;
  const isElsewhere = ["remote", "route"].includes(resolution.steps[0]?.kind);
  if (recipients && isElsewhere) {
    const answer = await verifier.verify(withAsciiDomain(recipient));
    const name = recipientText(recipient);
    if (answer.type === "refused") {
      if (answer.status === NULL_MX)
        return reply(556, NULL_MX, `${name}: the domain takes no mail`);
      return reply(550, answer.status, `There is no ${name}, says its server`);
    }
    if (answer.type === "unknown") {
      return reply(450, "4.1.1", `Whether there is a ${name} is being asked; try again later`);
    }
  }
  // Who asks with the null reverse-path asks for itself: two that ask each other end here.
  if (!senders || reversePath === "null" || resolver.isLocalDomain(reversePath.domain)) {
    return undefined;
  }
  const answer = await verifier.verify(withAsciiDomain(reversePath));
  const name = recipientText(reversePath);
  if (answer.type === "refused") {
    // RFC 7505 §4.2: nobody can be answered there.
    if (answer.status === NULL_MX) return reply(550, "5.7.27", `${name}: the domain takes no mail`);
    return reply(550, "5.1.7", `There is no sender ${name}, says its server`);
  }
  if (answer.type === "exists") return undefined;
  return reply(450, "4.1.7", `Whether there is a sender ${name} is being asked; try again later`);
}
