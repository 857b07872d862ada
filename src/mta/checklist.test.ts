import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

/**
 * Which tests show each line of the transfer checklist (parts D, E, F, G: lines 20 to 40, and 48):
 * names, or beginnings of names, of tests in this folder and the one of report bodies.
 */
const LINES: Readonly<Record<number, readonly string[]>> = {
  20: [
    "mta.md 20: `for` names one recipient only",
    "mta.md 20: the keyword after `with`",
    "a message to a local user: replies, trace fields, octets",
    "a message brings its own Return-Path along",
  ],
  21: [
    "postmaster is always there, also without a domain; the null reverse-path is taken",
    "security row 48: mail without a sender is never answered",
    "failures at several destinations share one report",
  ],
  22: [
    "security row 41: too many Received fields",
    "mta 22: a command that posts to its own alias ends the circle",
    "an alias that forwards: the sender stays, Delivered-To names the alias, a loop between hosts",
    "security row 42: exchangers that lead back to us",
  ],
  23: [
    "a restart loses nothing and doubles nothing",
    "property: every accepted recipient ends delivered, reported or in the queue",
    "security row 28: the store fails: 4xx, the message is nowhere",
  ],
  24: [
    "mta.md 24: no MX record: the domain's own address is the exchanger",
    "mta.md 24: NXDOMAIN fails, SERVFAIL defers and never falls back to A",
    "mta.md 24: MX records that lead nowhere are an error",
    "mta.md 24: CNAMEs are followed, for the domain and for an exchanger",
    "security row 52: a CNAME loop is a temporary failure",
    "null MX, no such domain, SERVFAIL: reported, reported, deferred",
  ],
  25: [
    "mta.md 25: exchangers by preference, IPv6 and IPv4 in turns",
    "mta.md 25: equal preferences are shuffled",
    "security row 42: ourselves and all that are no better are left out",
    "security row 42: nobody better than ourselves is a loop",
    "security row 51: one dead exchanger with many addresses leaves room for the next",
  ],
  26: [
    "mta.md 26: a null MX fails with 5.1.10; beside real ones it is passed over",
    "mta 26: a null MX: 556 5.1.10 for a recipient, 550 5.7.27 for a sender",
  ],
  27: [
    "mta.md 27: a 4xx lets the next exchanger try, a 5xx does not",
    "mta 27: 421 at any point",
    "mta 27: 4xx at any point",
    "mta 27: a 5xx or 521 greeting",
    "452 4.5.3 in the middle: the rest goes in further transactions",
  ],
  28: ["mta.md 28: an address literal needs no look-up"],
  29: [
    "mta.md 29: waits grow from five minutes to a cap",
    "mta.md 29: one dead host costs one attempt, not one for each message",
    "five days without a host",
  ],
  30: [
    "names fold to lower case; targets are separated by commas or space",
    "comments, blank lines and continuation lines",
    "quoted names and quoted items: the kind shows after unquoting",
    "an account, without case, with a detail",
    "an alias beats an account, an exact address beats the detail",
  ],
  31: [
    "an alias that names itself means the mailbox",
    "aliases over several levels, local and remote, without duplicates",
  ],
  32: ["an alias with an owner- sends its copies out under that name"],
  33: [
    "mta 33: exit codes of sysexits.h",
    "mta 33, security row 17: what strangers write never leaves its word, its folder or its variable",
    "mta 33: nothing is done as root",
    "mta 33: files, commands and transports are targets where the operator allows them",
    "mta 33: files and commands of an alias file, through the queue, each once",
    "includes: one address a line, comments, no commands",
    "security row 17: a command in an alias is never run, only refused",
  ],
  34: [
    "mta 34: a target waits in the queue",
    "an alias that forwards: the sender stays",
    "a command that asks for later is asked again, for five days",
  ],
  35: [
    "mta 35: a From_ line, From lines quoted as mboxrd",
    "mta 35: whatever goes wrong, the file is cut back to what it was",
    "mta 35: another program's lock is waited for",
    "mta 35: whole in new, nothing left in tmp",
  ],
  36: [
    "security row 43: depth and breadth are capped",
    "security row 43: alias cycles end",
    "security row 43: virtual tables that lead in circles end",
  ],
  37: [
    "security row 49: an unknown local user is refused at RCPT",
    "an alias beats an account, an exact address beats the detail, all beat the catch-all",
  ],
  38: [
    "NOTIFY=NEVER is silence; NOTIFY=SUCCESS past a host without DSN is reported as relayed",
    "DSN parameters travel on to a host that knows them",
  ],
  39: [
    "NOTIFY=SUCCESS: delivered into a mailbox, expanded by an alias",
    "NOTIFY=NEVER is silence; NOTIFY=SUCCESS past a host without DSN is reported as relayed",
    "DSN parameters travel on to a host that knows them",
    "a list: members here and there, the bounce address as sender",
  ],
  40: [
    "composed as multipart/report of three parts, and parsed back",
    "the machine-readable part, line by line",
    "RFC 6533: global variants, and escapes where the report must be ASCII",
    "mta.md 40: a long message comes back as its header section alone, a short one whole",
  ],
  48: [
    "LMTP: each recipient has its own reply",
    "LMTP: addresses of others are refused",
    "mta 48: LMTP: each recipient has its own fate",
  ],
};

const FOLDERS = [".", "../message/report"];

function namesOfTests(): string[] {
  const sources = FOLDERS.flatMap((folder) => {
    const cwd = join(import.meta.dirname, folder);
    return globSync("**/*.test.ts", { cwd })
      .filter((file) => file !== "checklist.test.ts")
      .map((file) => readFileSync(join(cwd, file), "utf8"));
  });
  return sources.flatMap((source) =>
    [...source.matchAll(/\btest\(\s*(["'`])(.*?)\1,/gs)].map(([, , name]) => name),
  );
}

test("every line of the transfer checklist has its tests", () => {
  const names = namesOfTests();
  for (const [line, wanted] of Object.entries(LINES)) {
    for (const begin of wanted) {
      const isThere = names.some((name) => name.startsWith(begin));
      assert.ok(isThere, `line ${line}: no test is named "${begin}"`);
    }
  }
  const expected = [...Array.from({ length: 21 }, (_, index) => 20 + index), 48];
  assert.deepEqual(Object.keys(LINES).map(Number), expected);
});
