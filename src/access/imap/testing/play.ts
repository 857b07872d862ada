/**
 * Dialogue scripts over IMAP, as people write them down:
 *
 *     C: SELECT INBOX               a command; its tag is added. \r\n are read as line ends
 *     S: * 1 EXISTS                 responses in order, up to the tagged one; … stands for anything
 *     S: T OK [READ-WRITE] …        the tagged answer has the tag T
 *     S: …                          alone: any number of responses
 */

import type { ImapDialogue } from "./imap-dialogue.ts";

type Exchange = { readonly command: string; readonly expected: string[] };

/** Plays `script`; throws with both sides of the story where they differ. */
export async function play(session: ImapDialogue, script: string): Promise<void> {
  for (const { command, expected } of parseScript(script)) {
    const responses = await session.command(command);
    const got = responses.map((response) => response.replaceAll("\r\n", "\\r\\n"));
    if (!matchesAll(expected, got)) {
      throw new Error(
        `after C: ${command}\nexpected:\n  ${expected.join("\n  ")}\ngot:\n  ${got.join("\n  ")}`,
      );
    }
  }
}

function parseScript(script: string): Exchange[] {
  const exchanges: Exchange[] = [];
  for (const line of script.split("\n").map((text) => text.trim())) {
    if (line === "" || line.startsWith("#")) continue;
    const text = line.slice(3);
    if (line.startsWith("C: ")) {
      exchanges.push({ command: text.replaceAll("\\r\\n", "\r\n"), expected: [] });
    } else if (line.startsWith("S: ")) {
      exchanges.at(-1)?.expected.push(text);
    } else {
      throw new Error(`not a line of a script: ${line}`);
    }
  }
  return exchanges;
}

function matchesAll(expected: readonly string[], got: readonly string[]): boolean {
  if (expected.length === 0) return got.length === 0;
  const [first, ...rest] = expected;
  if (first === "…") {
    for (let skip = 0; skip <= got.length; skip++) {
      if (matchesAll(rest, got.slice(skip))) return true;
    }
    return false;
  }
  return got.length > 0 && matches(first, got[0]) && matchesAll(rest, got.slice(1));
}

function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^]*")}$`).test(text);
}
