/** Commands about mailboxes, the order of the list, and leaving. */

import { counted } from "../../../base/counted.ts";
import { MailError } from "../../../base/errors.ts";
import { isSortKey, SORT_KEYS } from "../../folder/sort-order.ts";
import { screenText } from "../../text/screen-text.ts";
import { splitWords } from "../command-name.ts";
import type { LineCommand } from "../line-command.ts";
import type { LineState } from "../line-state.ts";

/** Makes deletions real and tells so. */
async function commit(state: LineState): Promise<void> {
  const removed = await state.folder.commit();
  if (removed > 0) state.terminal.write(`${removed} message${removed === 1 ? "" : "s"} removed\n`);
}

async function openFolder(state: LineState, rest: string): Promise<void> {
  const [name] = splitWords(rest);
  if (name === undefined) return state.announce();
  const target =
    name === "%" ? "INBOX" : name === "#" ? state.previousFolder : name.replace(/^[+=]/, "");
  if (target === undefined) throw new MailError("refused", "there was no folder before this one");
  await commit(state);
  const before = state.folder.name;
  state.folder = await state.session.open(target);
  state.previousFolder = before;
  state.windowStart = 0;
  await state.announce();
}

async function listFolders(state: LineState): Promise<void> {
  const mailboxes = await state.session.mailboxes({ withStatus: true });
  for (const { name, status, isSelectable, attributes } of mailboxes) {
    const use = [...attributes].find((attribute) =>
      /^\\(?:archive|drafts|flagged|junk|sent|trash|all)$/.test(attribute),
    );
    const counts = isSelectable
      ? `${counted(status?.messages ?? "?", "message")}, ${status?.unseen ?? "?"} unread`
      : "no messages of its own";
    state.terminal.write(
      `${screenText(name).padEnd(24)} ${counts}${use === undefined ? "" : `  (${use.slice(1)})`}\n`,
    );
  }
}

async function sort(state: LineState, rest: string): Promise<void> {
  const words = splitWords(rest);
  if (words.length === 0) {
    state.terminal.write(`sorted by ${state.folder.sortedBy}; possible: ${SORT_KEYS.join(" ")}\n`);
    return;
  }
  const reverse = words.includes("reverse") || words.includes("-r");
  const key = words.find((word) => word !== "reverse" && word !== "-r") ?? "date";
  if (!isSortKey(key)) throw new MailError("refused", `sort by one of ${SORT_KEYS.join(" ")}`);
  await state.folder.sort(key, { reverse });
  await state.showPage(0);
}

export const FOLDER_COMMANDS: readonly LineCommand[] = [
  {
    spellings: ["fi[le]", "fold[er]"],
    usage: "[mailbox]",
    help: "open another mailbox: a name, % for INBOX, # for the one before",
    run: openFolder,
  },
  { spellings: ["folders", "mailboxes"], help: "list the mailboxes", run: listFolders },
  {
    spellings: ["sor[t]"],
    usage: "[key] [reverse]",
    help: `order the list by ${SORT_KEYS.join(", ")}`,
    run: sort,
  },
  {
    spellings: ["unsort"],
    help: "back to the order of arrival",
    run: (state) => sort(state, "arrival"),
  },
  { spellings: ["thr[ead]"], help: "list by conversation", run: (state) => sort(state, "thread") },
  {
    spellings: ["newm[ail]", "inc[orporate]"],
    help: "look for new mail",
    run: async (state) => {
      const numbers = await state.announceNew();
      if (numbers.length === 0) state.terminal.write("no new mail\n");
    },
  },
  {
    spellings: ["mkdir", "create"],
    usage: "mailbox",
    help: "make a mailbox",
    run: async (state, rest) => {
      const [name] = splitWords(rest);
      if (name === undefined) throw new MailError("refused", "which name shall it have?");
      const client = await state.session.client();
      await client.create(name.replace(/^[+=]/, ""));
    },
  },
  {
    spellings: ["q[uit]"],
    help: "remove what is deleted, and leave",
    run: async (state) => {
      await commit(state);
      state.isOver = true;
    },
  },
  {
    spellings: ["x[it]", "ex[it]"],
    help: "leave without removing anything",
    run: async (state) => {
      state.isOver = true;
    },
  },
];
