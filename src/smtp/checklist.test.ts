import assert from "node:assert/strict";
import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

/**
 * Which tests show each line of the SMTP checklist (parts A, B, C, D, H, I, J, K) and
 * each of the first forty rows of the security list. All are names, or beginnings of names, of tests
 * anywhere in the house: what the engine cannot decide is shown by the layer that does.
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
    "mta.md 27: a 4xx lets the next exchanger try",
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
  B16: [
    "B16: lines of more than 998 octets are re-encoded on the way out",
    "B16: long lines that are signed",
  ],
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
  D20: [
    "mta.md 20: `for` names one recipient only",
    "a message to a local user: replies, trace fields, octets",
    "a message brings its own Return-Path along",
  ],
  D21: [
    "D21: the null reverse-path",
    "script transaction-order.smtp",
    "security row 48: mail without a sender is never answered",
  ],
  D22: [
    "security row 41: too many Received fields",
    "security row 42: exchangers that lead back to us",
  ],
  D23: [
    "A5, D23, security row 26",
    "script handler-failures.smtp",
    "property: every accepted recipient ends delivered, reported or in the queue",
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
  H43: [
    "script tls-required.smtp",
    "submission: authentication first; Date and Message-ID added",
    "relayed mail is not completed",
  ],
  H44: [
    "script every-extension.smtp",
    "B17: 8-bit, binary and UTF-8",
    "H44: REQUIRETLS is offered under TLS only",
    "H44: the report about a message under REQUIRETLS",
  ],
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
  K: [
    "K: the engine's own replies",
    "a full mailbox: 452 at RCPT, 552 for what can never fit",
    "security row 28: little room on the disk: 452 4.3.1 at MAIL",
    "mta.md 26: a null MX fails with 5.1.10",
  ],
};

const ROWS: Readonly<Record<number, readonly string[]>> = {
  1: ["B13, B14, security rows 1, 2, 3, 4"],
  2: ["B13, B14, security rows 1, 2, 3, 4"],
  3: ["B13, B14, security rows 1, 2, 3, 4", "security rows 3, 4, 16, 21, 30, 36: 20,000"],
  4: ["B13, B14, security rows 1, 2, 3, 4", "script stray-line-ends.smtp"],
  5: ["security row 5: what our client sends cannot be read as two"],
  6: ["security row 6: what our encoder frames"],
  7: ["A11, security row 7", "A10, A11, security row 7"],
  8: ["security row 8: BDAT counts octets", "script bdat.smtp"],
  9: ["A4, A6, security rows 9, 10, 13", "script bdat.smtp"],
  10: [
    "A4, A6, security rows 9, 10, 13",
    "security rows 9, 10, 13: no decision of a rule survives",
    "script handler-failures.smtp",
  ],
  11: ["security row 11: commands without end", "script junk-commands.smtp"],
  12: ["script starttls.smtp", "H41, security row 12"],
  13: ["script starttls.smtp", "A4, A6, security rows 9, 10, 13"],
  14: ["security row 14: a session ticket of one listener"],
  15: ["security row 15: client does not believe a server", "script tls-required.smtp"],
  16: ["security row 16: a control character in an argument never leaves"],
  17: [
    "security row 17: shell characters in a local part",
    "security row 17: a command in an alias is never run",
  ],
  18: ["A1, security rows 18, 19, 20: paths that are refused", "script addresses.smtp"],
  19: ["A1, security rows 18, 19, 20", "security row 19: the last @ outside quotes decides"],
  20: [
    "A1: path TO:<u%evil.example@example.org>",
    "security row 20: 25 relay tricks",
    "security row 20: every relay trick that is known is refused over a real socket",
  ],
  21: ["A2, security row 21"],
  22: ["security row 22: a header section over the limit"],
  23: ["security row 23: a thousand recipients", "script pipelining.smtp"],
  24: [
    "script http.smtp",
    "security row 24: a client that wants another protocol (ALPN) is refused",
  ],
  25: ["C, security row 25", "security row 25: many small chunks"],
  26: [
    "A5, D23, security row 26",
    "script abandoned-uploads.smtp",
    "script abandoned-recipients.smtp",
  ],
  27: ["security row 27: near the limit of descriptors"],
  28: [
    "script handler-failures.smtp",
    "security row 28: the store fails: 4xx",
    "security row 28: the disk fails in the middle of a message",
  ],
  29: [
    "a fault in one message holds that message with its reason; the others flow (security row 29)",
    "security row 29: what kills workers again and again is held",
  ],
  30: ["security row 30: parameters", "A1: verbs are known", "script auth.smtp"],
  31: ["security row 31: fields are counted", "security row 31: fields of all parts together"],
  32: ["security row 32: random server names, garbage and resets"],
  33: ["security row 33: quotes and SQL in every stored field are data"],
  34: ["security row 34: no text of another language is pasted together"],
  35: [
    "script reply-injection.smtp",
    "A2, security row 35",
    "security row 35: a server's control characters",
    "log: one event for each message",
  ],
  36: ["script auth.smtp", "security rows 3, 4, 16, 21, 30, 36: 20,000"],
  37: [
    "script auth-three-strikes.smtp",
    "security row 37: one account is guessed at 10 times",
    "security row 37: the guard is one for all sessions",
  ],
  38: [
    "security row 38: an unknown name and a wrong password look the same",
    "security row 38: PLAIN answers the same",
  ],
  39: ["security row 39: guessing recipients", "script xclient-refused.smtp"],
  40: [
    "security row 40: kid is a name among the keys we have",
    "security row 40: no name in the certificate",
  ],
};

/** DANE and MTA-STS are not built: there is nothing yet that these lines could be true of. */
const NOT_BUILT: readonly number[] = [45, 46];

const root = join(import.meta.dirname, "../..");
const NAME = /\b(?:test|peerTest|on|it|check)\(\s*(["'`])(.*?)\1,/gs;

/** Names of all tests, with what stands in `${}` as it is. */
function namesOfTests(): string[] {
  const names = ["src", "test"].flatMap((folder) =>
    globSync(`${folder}/**/*.{test,suite}.ts`, { cwd: root })
      // Scripts are looked for as files.
      .filter((file) => !/(?:checklist|scripts)\.test\.ts$/.test(file))
      .flatMap((file) => [...readFileSync(join(root, file), "utf8").matchAll(NAME)])
      .map(([, , name]) => name.replaceAll("\\`", "`")),
  );
  const scripts = readdirSync(join(root, "test/scripts")).map((file) => `script ${file}`);
  return [...names, ...scripts];
}

test("every line of the SMTP checklist and every security row has its tests", () => {
  const names = namesOfTests();
  const exists = (wanted: string): boolean =>
    names.some((name) => name.startsWith(wanted) || fits(name, wanted));
  for (const nobody of ["", "mta: ", "security row 8", "script "]) {
    assert(!exists(`${nobody}a name that nobody has`));
  }
  const all: [string, readonly string[]][] = [...Object.entries(LINES), ...Object.entries(ROWS)];
  for (const [line, wanted] of all) {
    assert(wanted.length > 0, line);
    for (const name of wanted) assert(exists(name), `${line}: no test is named "${name}"`);
  }
  const lines = Object.keys(LINES).map((line) => Number(line.slice(1)));
  for (let line = 1; line <= 48; line++) {
    const isOurs = (line <= 23 || line >= 41) && !NOT_BUILT.includes(line);
    assert.equal(lines.includes(line), isOurs, `line ${line}`);
  }
});

test("each of the security rows 1 to 40 stands in the name of a test that shows it", () => {
  for (let row = 1; row <= 40; row++) {
    const named = (ROWS[row] ?? []).filter((name) => {
      const rows = /security rows? ([\d, and]+)/.exec(name)?.[1] ?? "";
      return rows.split(/\D+/).includes(String(row));
    });
    assert(named.length > 0, `row ${row}`);
  }
});

/** A test made in a loop: its name is a pattern, of which what stands before the first gap must agree. */
function fits(pattern: string, wanted: string): boolean {
  const gap = pattern.indexOf("${");
  return gap >= 4 && wanted.startsWith(pattern.slice(0, gap));
}
