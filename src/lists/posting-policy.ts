/**
 * Who may post: anyone, the members, or the owner alone. Judged at RCPT by the envelope sender, and
 * for who has logged in also by the account. Reports (null reverse-path) are never postings: they
 * belong to the bounce address, and posted they would come back for ever.
 */

import type { List } from "../store/directory.ts";
import type { PostRefusal, PostSender } from "../mta/resolution/list-host.ts";

export function refusePost(list: List, sender: PostSender): PostRefusal | undefined {
  if (sender.reversePath === "") {
    return { status: "5.7.1", text: `The list ${list.address} takes no reports.` };
  }
  if (list.posting === "anyone") return undefined;
  const known = [sender.reversePath, sender.account]
    .filter((address) => address !== undefined)
    .map((address) => address.toLowerCase());
  const isOwner = known.includes(list.owner.toLowerCase());
  if (isOwner) return undefined;
  if (list.posting === "owner") {
    return { status: "5.7.2", text: `Only the owner of ${list.address} may post to it.` };
  }
  if (list.members.some((member) => known.includes(member.toLowerCase()))) return undefined;
  return {
    status: "5.7.2",
    text: `Only members may post to ${list.address}; write to its owner to become one.`,
  };
}
