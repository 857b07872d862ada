/** The mailboxes of another server under names of ours: its separator and its personal prefix (RFC 2342) translated. */

import type { ImapClient } from "../../imap/client/imap-client.ts";
import type { ListedMailbox } from "../../imap/client/mailbox-listing.ts";
import { listOf, textOf, type Value } from "../../imap/client/response.ts";
import type { SpecialUse } from "../../store/mail.ts";

export type RemoteMailbox = {
  /** With `/` between levels, without the prefix. */
  readonly name: string;
  readonly remoteName: string;
  readonly specialUse: SpecialUse | undefined;
  readonly isSelectable: boolean;
  /** Shows what lies in other mailboxes: Gmail's "All Mail" and "Starred". */
  readonly isView: boolean;
};

export type RemoteMailboxes = {
  readonly mailboxes: readonly RemoteMailbox[];
  /** Our name as the server's. */
  readonly remoteNameOf: (name: string) => string;
};

const USES: readonly SpecialUse[] = ["\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash"];
const VIEWS = ["\\all", "\\flagged", "\\important"];

export async function remoteMailboxes(client: ImapClient): Promise<RemoteMailboxes> {
  const { personal, others } = await namespaces(client);
  const listed = await client.list("*");
  const separator = listed.find((mailbox) => mailbox.separator !== undefined)?.separator ?? "/";
  const mine = listed.filter(({ name }) => !others.some((prefix) => name.startsWith(prefix)));
  const mailboxes = mine.map((mailbox) => remoteMailbox(mailbox, personal));
  return {
    mailboxes,
    remoteNameOf: (name) => {
      if (name === "INBOX") return name;
      const levels = name.split("/").map((level) => level.replaceAll(separator, "_"));
      return personal + levels.join(separator);
    },
  };
}

function remoteMailbox(mailbox: ListedMailbox, personal: string): RemoteMailbox {
  const { name: remoteName, separator, attributes, isSelectable } = mailbox;
  const isBelow = personal !== "" && remoteName.startsWith(personal);
  const own = isBelow ? remoteName.slice(personal.length) : remoteName;
  const levels = separator === undefined ? [own] : own.split(separator);
  return {
    name: levels.map((level) => level.replaceAll("/", "_")).join("/"),
    remoteName,
    specialUse: USES.find((use) => attributes.has(use.toLowerCase())),
    isSelectable,
    isView: VIEWS.some((use) => attributes.has(use)),
  };
}

/** The prefix of one's own mailboxes, and those of other people's and of shared ones. */
async function namespaces(client: ImapClient): Promise<{ personal: string; others: string[] }> {
  let values: readonly Value[] = [];
  if (client.has("NAMESPACE")) {
    await client.connection.run("NAMESPACE", [], {
      data: (response) => {
        if (response.name !== "NAMESPACE") return false;
        values = response.values;
        return true;
      },
    });
  }
  const prefixes = (value: Value | undefined): string[] =>
    listOf(value).flatMap((space) => textOf(listOf(space)[0]) ?? []);
  const [personal = ""] = prefixes(values[0]);
  const others = [...prefixes(values[1]), ...prefixes(values[2])];
  return { personal, others: others.filter((prefix) => prefix !== "") };
}
