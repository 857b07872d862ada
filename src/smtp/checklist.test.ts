import assert from "node:assert/strict";
import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

/**
 * Which tests show each line of the SMTP checklist (parts A, B, C, D, H, I, J, K) and
 * each row of the security list that is a matter of the wire. `mta:`, `net:` and `access:` name the
 * layer whose tests show what the engine cannot decide; the rest are names, or beginnings of names,
 * of tests in this folder.
 */
const LINES: Readonly<Record<string, readonly string[]>> = {
  A1: [
    "A1: path TO:<a@example.org>",
    "A1: verbs are known without regard to case",
    "script plain-delivery.smtp",
    "script addresses.smtp",
  ],
  A2: [
    "A2, security row 21: an overlong line",
    "A2, I47: AUTH lines may have 12288 octets",
    "A2, security row 35: reply lines have at most 512 octets",
    "script addresses.smtp",
  ],
  A3: ["script pipelining.smtp", "A3, E27: client keeps each recipient's own fate"],
  A4: [
    "script ehlo.smtp",
    "A4: client falls back to HELO",
    "A4: EHLO and HELO both refused",
    "A4, A6, security rows 9, 10, 13",
  ],
  A5: [
    "A5, A6: every phase x verb cell",
    "A5, D23, security row 26: a connection lost before the final dot",
    "A5: going down is said to who is idle",
    "script transaction-order.smtp",
  ],
  A6: ["script transaction-order.smtp", "script pipelining.smtp", "A6: client ends a 354"],
  A7: [
    "A7: 421 at any point ends the connection",
    "A7: client's reply parser",
    "A7, K: a reply encoded is read back",
  ],
  A8: [
    "script refused-connection.smtp",
    "script busy-connection.smtp",
    "A8: client told 554 in the banner",
    "mta: the next exchanger is tried",
  ],
  A9: ["script parameters.smtp", "A9: MAIL parameters"],
  A10: [
    "script pipelining.smtp",
    "A10, A11, security row 7",
    "A10: client without PIPELINING waits",
    "A10: client matches every reply with its command",
    "A10: client sends many recipients in windows",
  ],
  A11: ["A11, security row 7: who speaks before the banner", "A11: the greeting can be held back"],
  A12: ["script http.smtp", "script tls-hello-in-clear.smtp"],
  B13: [
    "B13, B14, security rows 1, 2, 3, 4: no variant ends a message",
    "B13: CRLF.CRLF alone ends a message",
    "script size.smtp",
    "script stray-line-ends.smtp",
    "script normalized-line-ends.smtp",
  ],
  B14: ["B13, B14, security rows 1, 2, 3, 4", "script stray-line-ends.smtp"],
  B15: ["B15: the data decoder takes out exactly one leading dot", "script bdat.smtp"],
  B16: ["mta: lines of more than 998 octets"],
  B17: [
    "B17: 8-bit, binary and UTF-8 to a server that cannot",
    "B17: a UTF-8 recipient alone is left out",
    "script addresses.smtp",
    "script every-extension.smtp",
    "script deliver-by.smtp",
    "script mail-max.smtp",
  ],
  B18: [
    "script bdat.smtp",
    "B18: client sends binary content by BDAT",
    "B18: client stops at a BDAT that is refused",
  ],
  B19: ["script size.smtp", "script handler-failures.smtp", "script stray-line-ends.smtp"],
  C: [
    "C: client waits at each step as long as RFC 5321 asks",
    "C: the server waits five minutes for a command",
    "C: silence in the middle of a message",
    "C, security row 25: a message that comes too slowly",
  ],
  D20: ["mta: Received and Return-Path"],
  D21: [
    "D21: the null reverse-path",
    "script transaction-order.smtp",
    "mta: no report about a report",
  ],
  D22: ["mta: loops"],
  D23: [
    "A5, D23, security row 26",
    "script handler-failures.smtp",
    "mta: every accepted recipient ends",
  ],
  H41: [
    "script starttls.smtp",
    "H41, security row 12: client forgets what came before TLS",
    "H41, H42: STARTTLS not offered, refused",
  ],
  H42: [
    "script tls-unavailable.smtp",
    "script tls-required.smtp",
    "H41, H42: STARTTLS not offered",
  ],
  H43: ["script tls-required.smtp", "mta: submission mends a message, relaying does not"],
  H44: [
    "script every-extension.smtp",
    "B17: 8-bit, binary and UTF-8",
    "mta: REQUIRETLS on the way",
  ],
  H45: ["mta: DANE"],
  H46: ["mta: MTA-STS"],
  I47: [
    "script auth.smtp",
    "script auth-three-strikes.smtp",
    "script tls-required.smtp",
    "I47: client's AUTH",
    "I47: client sends a long initial response",
    "I47: client cancels on a challenge",
  ],
  J48: [
    "script lmtp.smtp",
    "J48: LMTP client takes one reply for each accepted recipient",
    "J48: LMTP client whose server stops",
    "peer smtp-server as LMTP server",
  ],
  K: ["K: the engine's own replies", "mta: codes of what reception refuses"],
};

const ROWS: Readonly<Record<number, readonly string[]>> = {
  1: ["B13, B14, security rows 1, 2, 3, 4"],
  2: ["B13, B14, security rows 1, 2, 3, 4"],
  3: ["B13, B14, security rows 1, 2, 3, 4", "security rows 3, 4, 16, 21, 30, 36: 20,000"],
  4: ["B13, B14, security rows 1, 2, 3, 4", "script stray-line-ends.smtp"],
  5: ["security row 5: what our client sends cannot be read as two"],
  6: ["security row 6: what our encoder frames"],
  7: ["A11, security row 7", "A10, A11, security row 7"],
  8: ["script bdat.smtp"],
  9: ["A4, A6, security rows 9, 10, 13", "script bdat.smtp"],
  10: ["A4, A6, security rows 9, 10, 13", "script handler-failures.smtp"],
  11: ["security row 11: commands without end", "script junk-commands.smtp"],
  12: ["script starttls.smtp", "H41, security row 12"],
  13: ["script starttls.smtp", "A4, A6, security rows 9, 10, 13"],
  14: ["net: tickets of one listener are nothing to another"],
  15: ["security row 15: client does not believe a server", "script tls-required.smtp"],
  16: ["security row 16: a control character in an argument never leaves"],
  17: ["mta: no shell"],
  18: ["A1, security rows 18, 19, 20: paths that are refused", "script addresses.smtp"],
  19: ["A1, security rows 18, 19, 20", "mta: one address parser"],
  20: ["A1: path TO:<u%evil.example@example.org>", "mta: relay tricks"],
  21: ["A2, security row 21"],
  22: ["mta: huge headers"],
  23: ["script pipelining.smtp"],
  24: ["script http.smtp", "net: ALPN"],
  25: ["C, security row 25", "security row 25: many small chunks"],
  26: [
    "A5, D23, security row 26",
    "script abandoned-uploads.smtp",
    "script abandoned-recipients.smtp",
  ],
  27: ["net: descriptors"],
  28: ["script handler-failures.smtp", "mta: disk full"],
  29: ["mta: quarantine"],
  30: ["security row 30: parameters", "A1: verbs are known", "script auth.smtp"],
  31: ["access: distinct keys"],
  32: ["net: callbacks"],
  33: ["access: stored fields"],
  34: ["access: builders"],
  35: [
    "script reply-injection.smtp",
    "A2, security row 35",
    "security row 35: a server's control characters",
    "log: one event for each message",
  ],
  36: ["script auth.smtp", "security rows 3, 4, 16, 21, 30, 36: 20,000"],
  37: ["script auth-three-strikes.smtp", "access: limits over all protocols"],
  38: ["access: timing"],
  39: ["security row 39: guessing recipients", "script xclient-refused.smtp"],
  40: ["access: replay"],
};

const folder = import.meta.dirname;
const ELSEWHERE = /^(?:mta|net|access): ./;

/** Names of all tests here, with what stands in `${}` left out. */
function namesOfTests(): string[] {
  const sources = globSync("**/*.test.ts", { cwd: folder })
    .filter((file) => file !== "checklist.test.ts")
    .map((file) => readFileSync(join(folder, file), "utf8"));
  const names = sources.flatMap((source) =>
    [...source.matchAll(/\b(?:test|peerTest)\(\s*(["'`])(.*?)\1,/gs)].map(([, , name]) => name),
  );
  const scripts = readdirSync(join(folder, "../../test/scripts")).map((file) => `script ${file}`);
  return [...names, ...scripts];
}

test("every line of the SMTP checklist has its tests", () => {
  const names = namesOfTests();
  const exists = (wanted: string): boolean =>
    ELSEWHERE.test(wanted) || names.some((name) => name.startsWith(wanted) || fits(name, wanted));
  const all: [string, readonly string[]][] = [...Object.entries(LINES), ...Object.entries(ROWS)];
  for (const [line, wanted] of all) {
    assert(wanted.length > 0, line);
    for (const name of wanted) assert(exists(name), `${line}: no test is named "${name}"`);
  }
  const lines = Object.keys(LINES).map((line) => Number(line.slice(1)));
  for (let line = 1; line <= 48; line++) {
    const isOurs = line <= 23 || line >= 41;
    assert.equal(lines.includes(line), isOurs, `line ${line}`);
  }
  assert.deepEqual(
    Object.keys(ROWS).map(Number),
    Array.from({ length: 40 }, (_, row) => row + 1),
  );
});

/** A test made in a loop: its name is a pattern. */
function fits(pattern: string, wanted: string): boolean {
  if (!pattern.includes("${")) return false;
  return wanted.startsWith(pattern.slice(0, pattern.indexOf("${")));
}
