/**
 * RCPT: where the recipient leads, or why not. Everything that can be known now is said now, so
 * that no report need go to a forged sender later (security row 49).
 */

import type { Address } from "../../message/addr-spec.ts";
import type { SmtpSession } from "../../smtp/handler.ts";
import type { Reply } from "../../smtp/reply.ts";
import type { Account, Directory } from "../../store/directory.ts";
import type { AddressResolver } from "../resolution/address-resolver.ts";
import { asciiDomain } from "../resolution/ascii-domain.ts";
import { refusalOf, type Resolution } from "../resolution/resolution.ts";
import {
  accountIsLocal,
  mailboxFull,
  notOurs,
  refusedRecipient,
  relayDenied,
  tooLargeForMailbox,
} from "./refusals.ts";
import type { RelayPermission } from "./relay-permission.ts";
import { recipientText, type Transaction } from "./transaction.ts";

export type RecipientDecision =
  | { readonly accepted: true; readonly resolution: Resolution }
  | { readonly accepted: false; readonly reply: Reply };

export type DecisionDeps = {
  readonly resolver: AddressResolver;
  readonly directory: Pick<Directory, "room">;
  readonly relay: RelayPermission;
  /** Who has logged in, as the directory knows it now. */
  readonly account: Account | undefined;
};

export function decideRecipient(
  recipient: Address,
  session: SmtpSession,
  transaction: Transaction,
  { resolver, directory, relay, account }: DecisionDeps,
): RecipientDecision {
  const resolution = resolver.resolve(recipient, {
    reversePath: transaction.sender,
    account: account?.address,
  });
  const problem = refusalOf(resolution);
  if (problem !== undefined) return refuse(refusedRecipient(problem));
  // The address itself is another host's: an alias of ours may lead anywhere, a client may not.
  const isRelayed = !resolver.isOurs(recipient);
  // RFC 2033 §5: LMTP is the last hop; what goes on from here came in by SMTP.
  if (isRelayed && session.protocol === "lmtp") return refuse(notOurs(recipientText(recipient)));
  if (isRelayed) {
    const verdict = relay.judge(asciiDomain(recipient.domain), session, account);
    const text = recipientText(recipient);
    if (verdict === "not-permitted") return refuse(relayDenied(text));
    if (verdict === "account-is-local") return refuse(accountIsLocal(text, account));
  }
  const full = fullMailbox(resolution, transaction.params.sizeOctets ?? 0, directory);
  return full === undefined ? { accepted: true, resolution } : refuse(full);
}

function refuse(reply: Reply): RecipientDecision {
  return { accepted: false, reply };
}

/** The recipient leads to mailboxes of ours alone, and all are full. */
export function fullMailbox(
  { branches }: Resolution,
  sizeOctets: number,
  directory: Pick<Directory, "room">,
): Reply | undefined {
  let answer: Reply | undefined;
  for (const branch of branches) {
    if (branch.remotes.length > 0 || branch.targets.length > 0) return undefined;
    for (const { account, recipient } of branch.locals) {
      const room = directory.room(account.id);
      // A mailbox that is full to the brim takes nothing, whatever size was declared.
      if (room.messages >= 1 && room.octets >= Math.max(1, sizeOctets)) return undefined;
      const isTooLarge = sizeOctets > (account.quotaOctets ?? Infinity);
      answer ??= isTooLarge ? tooLargeForMailbox(recipient) : mailboxFull(recipient);
    }
  }
  return answer;
}
