/**
 * A row of the queue stands for one copy: a mailbox, or a file or command of an alias. Looked up
 * anew, its address may lead to much more (`team: anna, /srv/archive`); the others have had theirs.
 */

import { addressKey, type Address } from "../../message/addr-spec.ts";
import type { QueueRecipient } from "../../store/queue.ts";
import { LOCAL_TRANSPORT, TARGET_TRANSPORT } from "../agents/transports.ts";
import type { Branch, Resolution } from "../resolution/resolution.ts";

/** The row's own copy alone, if the address still leads there; else all that it leads to now. */
export function copyOfRow(
  resolution: Resolution,
  { transport, destination }: Pick<QueueRecipient, "transport" | "destination">,
  address: Address,
): Resolution {
  const name = addressKey(address);
  const branches: Branch[] = resolution.branches.flatMap((branch) => {
    const isMailbox = transport === LOCAL_TRANSPORT;
    const locals = branch.locals.filter(
      ({ account, recipient }) => isMailbox && (account.address === name || recipient === name),
    );
    const targets = branch.targets.filter(
      ({ text }) => transport === TARGET_TRANSPORT && text === destination,
    );
    return locals.length + targets.length === 0
      ? []
      : [{ ...branch, locals, targets, remotes: [] }];
  });
  return branches.length === 0 ? resolution : { ...resolution, branches, problems: [] };
}
