/**
 * An account whose mailboxes have the names that programs stumble over, with flags, for programs that
 * sync; and what is in all of it, so that one can say that a second sync moved nothing.
 */

import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ImapFlow } from "imapflow";
import type { PosthornProcess } from "../system/posthorn-process.ts";

export const SYNC_PASSWORD = "syncing-password";

/** Names as people write them, with what is in them: flags by number of the letter. */
export const TREE: ReadonlyMap<string, ReadonlyMap<number, readonly string[]>> = new Map([
  [
    "INBOX",
    new Map([
      [1, []],
      [2, ["\\Seen"]],
      [3, ["\\Seen", "\\Flagged"]],
      [4, []],
    ]),
  ],
  ["Projects & Plans", new Map([[5, ["\\Seen", "\\Answered"]]])],
  [
    "Grüße",
    new Map([
      [6, ["\\Flagged"]],
      [7, []],
    ]),
  ],
  ["Grüße/Übung 1", new Map([[8, ["\\Draft"]]])],
]);

export function letter(number: number): string {
  return (
    `From: Anna <anna@a.example>\r\nTo: reader@posthorn.test\r\nSubject: Letter ${number}\r\n` +
    `Date: Fri, ${number} Jan 2026 10:00:00 +0000\r\nMessage-ID: <letter-${number}@a.example>\r\n\r\nText ${number}.\r\n`
  );
}

export async function withImap<T>(
  server: PosthornProcess,
  account: string,
  work: (client: ImapFlow) => Promise<T>,
): Promise<T> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: server.ports.imaps,
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user: account, pass: SYNC_PASSWORD },
    logger: false,
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.logout();
  }
}

export function plantTree(server: PosthornProcess, account: string): Promise<void> {
  return withImap(server, account, async (client) => {
    for (const [name, letters] of TREE) {
      if (name !== "INBOX") await client.mailboxCreate(name);
      for (const [number, flags] of letters) {
        await client.append(name, letter(number), [...flags]);
      }
    }
  });
}

/** By mailbox: the letters' Message-IDs (without domain) with their flags, sorted. Empty mailboxes are left out. */
export function readTree(
  server: PosthornProcess,
  account: string,
): Promise<Record<string, string[]>> {
  return withImap(server, account, async (client) => {
    const tree: Record<string, string[]> = {};
    for (const { path } of await client.list()) {
      const { exists } = await client.mailboxOpen(path, { readOnly: true });
      if (exists === 0) continue;
      const messages = await client.fetchAll("1:*", { envelope: true, flags: true });
      tree[path] = messages
        .map(({ envelope, flags = new Set() }) => {
          const id = /<(.*)@/.exec(envelope?.messageId ?? "")?.[1] ?? "?";
          const kept = [...flags].filter((flag) => flag !== "\\Recent").sort();
          return [id, ...kept].join(" ");
        })
        .sort();
    }
    return tree;
  });
}

/** Everything that would move if anything was changed, or any message taken in. */
export function stateOf(server: PosthornProcess, account: string): Promise<string[]> {
  return withImap(server, account, async (client) => {
    const states: string[] = [];
    for (const { path } of await client.list()) {
      const status = await client.status(path, {
        messages: true,
        uidNext: true,
        uidValidity: true,
        highestModseq: true,
      });
      assert.ok(status);
      states.push(`${path} ${status.messages} ${status.uidNext} ${status.highestModseq}`);
    }
    return states.sort();
  });
}

/** Every file below a folder, with its size. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => `${name} ${statSync(join(folder, name)).size}`)
    .sort();
}
