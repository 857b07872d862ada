/**
 * Mailing lists of the directory as address resolution sees them: the posting address, and
 * `-owner`, `-request` and `-bounces` beside it, which lead to the people who run the list.
 */

import { formatAddress, parseAddress } from "../message/addr-spec.ts";
import type {
  ListAddress,
  ListHost,
  PostRefusal,
  PostSender,
} from "../mta/resolution/list-host.ts";
import type { Directory, List } from "../store/directory.ts";
import { LIST_ROLES, listFields, listIdOf, roleAddress } from "./list-fields.ts";
import { refusePost } from "./posting-policy.ts";

export class DirectoryLists implements ListHost {
  readonly #directory: Pick<Directory, "list">;

  constructor(directory: Pick<Directory, "list">) {
    this.#directory = directory;
  }

  find(address: string): ListAddress | undefined {
    const list = this.#directory.list(address);
    if (list !== undefined) return posting(list);
    const parsed = parseAddress(address);
    if (!parsed.ok) return undefined;
    const { localPart, domain } = parsed.value;
    for (const role of LIST_ROLES) {
      if (!localPart.endsWith(`-${role}`)) continue;
      const name = localPart.slice(0, -role.length - 1);
      const found =
        name === "" ? undefined : this.#directory.list(formatAddress({ localPart: name, domain }));
      if (found !== undefined) return { role, list: found, leadsTo: found.owner };
    }
    // sendmail's spelling.
    if (!localPart.startsWith("owner-") || localPart === "owner-") return undefined;
    const found = this.#directory.list(formatAddress({ localPart: localPart.slice(6), domain }));
    return found === undefined ? undefined : { role: "owner", list: found, leadsTo: found.owner };
  }

  refusePost(list: List, sender: PostSender): PostRefusal | undefined {
    return refusePost(list, sender);
  }
}

function posting(list: List): ListAddress {
  return {
    role: "post",
    list,
    reversePath: roleAddress(list, "bounces"),
    prefix: listFields(list),
    listId: listIdOf(list),
    members: list.members,
  };
}
