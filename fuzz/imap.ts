/**
 * Fuzz of the IMAP command parser: commands put together from words of the grammar, then damaged,
 * cut at random, fed to decoder and parsers. Nothing may throw, hang, or mean something else when it
 * comes in other pieces.
 */

import { encodeLatin1 } from "../src/base/bytes.ts";
import { SeededRandom } from "../src/base/testing/seeded-random.ts";
import { appendSteps, type AppendState } from "../src/imap/command/append.ts";
import { commandNames, parseCommand } from "../src/imap/command/parse.ts";
import { no } from "../src/imap/completion.ts";
import { parseImapUrl } from "../src/imap/imap-url.ts";
import { ArgumentReader } from "../src/imap/wire/argument-reader.ts";
import { CommandDecoder } from "../src/imap/wire/decoder.ts";
import { PREAUTH_LIMITS, SESSION_LIMITS } from "../src/imap/wire/limits.ts";
import type { RawCommand } from "../src/imap/wire/raw-command.ts";

const WORDS: readonly string[] = [
  ...commandNames(),
  ...'( ) [ ] { } < > " \\ % * $ , : . + - ~ = & \r \n \r\n \0 \x7f \xff \xc3\xbc'.split(" "),
  ..."{0} {1} {3} {5+} ~{2} ~{4+} {4294967296} {99999999999999999999+} {abc}".split(" "),
  ..."1 0 1:* *:* 1,2,3 4294967295 18446744073709551615 NIL INBOX inbox &AOk- &-".split(" "),
  ..."FLAGS BODY[ BODY.PEEK[HEADER.FIELDS BODY[1.2.MIME]<0.5> BINARY[1] RFC822 ENVELOPE ALL".split(
    " ",
  ),
  ..."(CHANGEDSINCE VANISHED) (UNCHANGEDSINCE +FLAGS.SILENT (\\Seen \\Deleted) $Junk (CONDSTORE)".split(
    " ",
  ),
  ..."(QRESYNC (1 2 1:3 RETURN (MIN SAVE) CHARSET UTF-8 OR NOT ((( ))) HEADER SINCE 1-Feb-1994".split(
    " ",
  ),
  ..."(MESSAGES STATUS (UNSEEN)) (SUBSCRIBED) RECURSIVEMATCH (USE (\\Sent)) UTF8 (~{3} PLAIN AGEAYg==".split(
    " ",
  ),
  ...'lrswi +d -anyone "" /shared/comment (/private/a NIL (MAXSIZE 9) (DEPTH infinity (METADATA MYRIGHTS)'.split(
    " ",
  ),
  ..."SET NONE (SELECTED (MessageNew (UID) MessageExpunge)) (PERSONAL NONE) (SUBTREE (MailboxName)".split(
    " ",
  ),
  ..."(PARTIAL -1:-9) PARTIAL 1:5 RELEVANCY FUZZY CONTEXT UPDATE IN (SUBTREE-ONE (personal REFS".split(
    " ",
  ),
  ..."CATENATE (URL TEXT ;UID=1/;SECTION=1.TEXT/;PARTIAL=0.5 /a%20b;UIDVALIDITY=2/;UID=3".split(
    " ",
  ),
  ..."X-GM-RAW X-GM-MSGID X-GM-THRID X-GM-LABELS (X-GM-LABELS (\\Inbox +X-GM-LABELS.SILENT UIDONLY DEFLATE".split(
    " ",
  ),
  ..."(PREVIEW (LAZY)) SAVEDATE EMAILID THREADID SAVEDBEFORE OLDER YOUNGER 3600 $ (SAVE COUNT)".split(
    " ",
  ),
  ..."REVERSE DISPLAYFROM (REVERSE DISPLAYTO ARRIVAL) REFERENCES ORDEREDSUBJECT MODSEQ all".split(
    " ",
  ),
  '" 1-Feb-1994 00:00:00 +0000"',
  '"a\\"b"',
];

export function fuzz(iterations: number, seed: number): void {
  const random = new SeededRandom(seed);
  for (let round = 0; round < iterations; round++) {
    const input = makeInput(random);
    const isPreAuth = random.float() < 0.2;
    const isAccepting = random.float() < 0.5;
    const run = (pieces: Uint8Array[]): string => feed(pieces, isPreAuth, isAccepting);
    try {
      const whole = run([input]);
      const cut = run(cutUp(input, random));
      if (whole !== cut) throw new Error(`pieces change the meaning:\n${whole}\n---\n${cut}`);
    } catch (error) {
      throw new Error(
        `fuzz imap: seed ${seed}, round ${round}: ${JSON.stringify(String.fromCharCode(...input))}`,
        { cause: error },
      );
    }
  }
}

function pick<T>(items: readonly T[], random: SeededRandom): T {
  return items[Math.floor(random.float() * items.length)];
}

function makeInput(random: SeededRandom): Uint8Array {
  let text = "";
  const commands = 1 + Math.floor(random.float() * 3);
  for (let command = 0; command < commands; command++) {
    text += `t${command} ${pick(commandNames(), random)}`;
    const words = Math.floor(random.float() * 8);
    for (let word = 0; word < words; word++) {
      text += (random.float() < 0.85 ? " " : "") + pick(WORDS, random);
      if (/\{[1-9]\+?\}$/.test(text))
        text += `\r\n${"xyz(\r\n".slice(0, Math.floor(random.float() * 7))}`;
    }
    text += "\r\n";
  }
  const octets = encodeLatin1(text);
  const damages = random.float() < 0.5 ? 0 : Math.floor(random.float() * 4);
  for (let damage = 0; damage < damages; damage++) {
    octets[Math.floor(random.float() * octets.length)] = Math.floor(random.float() * 256);
  }
  return octets;
}

function cutUp(input: Uint8Array, random: SeededRandom): Uint8Array[] {
  const longest = 1 + Math.floor(random.float() * 9);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < input.length;) {
    const end = at + 1 + Math.floor(random.float() * longest);
    pieces.push(input.slice(at, end));
    at = end;
  }
  return pieces;
}

/** What the octets mean, in words. */
function feed(pieces: readonly Uint8Array[], isPreAuth: boolean, isAccepting: boolean): string {
  const limits = isPreAuth ? PREAUTH_LIMITS : SESSION_LIMITS;
  const decoder = new CommandDecoder(limits);
  const options = { isUtf8: !isPreAuth, maxDepth: limits.depth };
  const said: string[] = [];
  let messageOctets = 0;
  let append: Append | undefined;
  for (const piece of pieces) {
    decoder.push(piece);
    for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
      if (event.type === "command") {
        const parsed = parseCommand(event.command, options);
        said.push(parsed.ok ? describe(parsed.command) : parsed.completion.text);
      } else if (event.type === "message") {
        if (append?.raw !== event.command) append = newAppend(event.command);
        said.push(`message ${event.literal.octets} ${readOn(append, options)}`);
        if (isAccepting && event.literal.octets < 100) decoder.acceptMessage();
        else decoder.refuseMessage(no("no"));
      } else if (event.type === "message-data") {
        messageOctets += event.octets.length;
      } else if (event.type === "fault") {
        said.push(`${event.tag} ${event.completion.text}`);
      } else {
        said.push(`${event.type} ${messageOctets}`);
      }
    }
  }
  return said.join("\n");
}

type Append = { readonly raw: RawCommand; readonly state: AppendState; readTexts: number };

function newAppend(raw: RawCommand): Append {
  const verb = raw.name === "APPEND" ? "APPEND" : "REPLACE";
  const state: AppendState = { verb, isUid: raw.name !== verb, after: "nothing", messages: 0 };
  return { raw, state, readTexts: 0 };
}

function readOn(append: Append, options: { isUtf8: boolean; maxDepth: number }): string {
  const { raw, state, readTexts: from } = append;
  append.readTexts = raw.texts.length;
  const rest = { ...raw, texts: raw.texts.slice(from), literals: raw.literals.slice(from) };
  const reader = new ArgumentReader(rest, options);
  const said: string[] = [];
  for (const step of appendSteps(reader, state, false)) {
    if (reader.fault !== undefined) break;
    said.push(describe(step));
    if (step.step === "url") said.push(JSON.stringify(parseImapUrl(step.url) ?? null));
  }
  return `${said.join(" ")} ${reader.fault?.text}`;
}

function describe(command: object): string {
  return JSON.stringify(command, (_key, value: unknown) =>
    value instanceof Set ? [...value] : value instanceof Map ? [...value] : value,
  );
}
