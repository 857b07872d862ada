/** `mail list` and `mail search`: messages of a mailbox, one line each. */

import { addressKey } from "../../message/addr-spec.ts";
import { MailError } from "../../base/errors.ts";
import { parseQuery } from "../folder/query.ts";
import type { MailFolder } from "../folder/mail-folder.ts";
import type { SortedRow, SortKey } from "../folder/sort-order.ts";
import { headerLine } from "../line-mode/header-line.ts";
import type { MailSession } from "../session/mail-session.ts";
import { summaryJson } from "./message-json.ts";
import type { VerbOutput } from "./verb-output.ts";

export type ListOptions = {
  readonly folder: string;
  /** All must match; none: every message. */
  readonly query: readonly string[];
  readonly sort: SortKey;
  readonly reverse: boolean;
  /** At most so many, the last ones. */
  readonly limit: number | undefined;
  readonly columns: number;
};

export async function listMessages(
  session: MailSession,
  options: ListOptions,
): Promise<VerbOutput> {
  const folder = await session.open(options.folder, { readOnly: true });
  const rows = await chosenRows(folder, options, session.deps.clock.nowMs());
  const depths = new Map(rows.map(({ number, depth }) => [number, depth]));
  const items = await folder.summaries(rows.map(({ number }) => number));
  const own = new Set(session.own.map(addressKey));
  // Scripts name messages by UID, so that is what stands where line mode has its numbers.
  const numberColumns = Math.max(
    3,
    String(items.reduce((most, { summary }) => Math.max(most, summary.uid), 0)).length,
  );
  const lines = items.map(({ number, summary }) =>
    headerLine(
      { number: summary.uid, summary },
      {
        columns: options.columns,
        isCurrent: false,
        isDeleted: false,
        isSaved: false,
        depth: depths.get(number) ?? 0,
        numberColumns,
        own,
      },
    ),
  );
  return {
    text: lines.map((line) => `${line}\n`).join(""),
    json: {
      folder: folder.name,
      messages: items.map(({ number, summary }) => summaryJson(summary, depths.get(number))),
    },
  };
}

async function chosenRows(
  folder: MailFolder,
  { query, sort, reverse, limit }: ListOptions,
  nowMs: number,
): Promise<readonly SortedRow[]> {
  if (sort !== "arrival" || reverse) await folder.sort(sort, { reverse });
  let rows = folder.order;
  if (query.length > 0) {
    const key = parseQuery(query, nowMs);
    if (!key.ok) throw new MailError("refused", key.problem);
    const found = new Set(await folder.search(key.value));
    rows = rows.filter(({ number }) => found.has(number));
  }
  if (limit === undefined) return rows;
  return reverse ? rows.slice(0, limit) : rows.slice(-limit);
}
