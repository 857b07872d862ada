/**
 * One mailbox, two servers: what mail programs ask of a large mailbox, of Posthorn as an operator runs
 * it and of Debian's Dovecot beside it, with the same messages and the same client, each server in its
 * own processes. Reading is measured in rounds in turn, and the best of each is shown; what changes
 * the mailbox is measured once. `--messages N` sets the size (default 5,000).
 * 100,000 are 1.5 GB twice over and take a quarter of an hour; each figure is told as it comes, so that a
 * run that is cut short has not been for nothing.
 */

import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { makePosthornFolder } from "../test/system/posthorn-process.ts";
import { canRunDovecot, startDovecotMailbox } from "./peers/dovecot-mailbox.ts";
import { fillMailbox } from "./peers/fill-mailbox.ts";
import { imapLoad, type ImapFigure, type ImapStep } from "./peers/imap-load.ts";
import { pop3Retrieve } from "./peers/pop3-load.ts";

const USER = "bench@example.org";
const ROUNDS = 3;
/** From so many messages on a round takes minutes. */
const MANY_MESSAGES = 50_000;
const ROUNDS_OF_MANY = 2;
const DOVECOT_PORT = 43_143;
const APPENDS = 480;
const THUNDERBIRD =
  "From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To";

type Contender = {
  readonly name: string;
  readonly password: string;
  readonly imapPort: number;
  readonly pop3Port: number;
  /** Begins anew, with nothing in its memory. */
  restart(): Promise<void>;
  /** What it does in the background after being filled has been done. */
  settled(messages: number): Promise<void>;
};

type Rows = Map<string, { readonly best: Map<string, number>; readonly messages: number }>;

export async function run(): Promise<void> {
  const messages = Number(process.env.POSTHORN_BENCH_MESSAGES ?? 5_000);
  const endings: (() => void | Promise<void>)[] = [];
  try {
    const contenders = [await posthorn(endings)];
    if (canRunDovecot()) contenders.unshift(await dovecot(endings));
    else console.log("Dovecot is not here (or this is not root): Posthorn alone.");
    for (const contender of contenders) await fill(contender, messages);
    const rows: Rows = new Map();
    const rounds = messages < MANY_MESSAGES ? ROUNDS : ROUNDS_OF_MANY;
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) await read(contender, messages, { rows, round });
    }
    for (const contender of contenders) await change(contender, messages, rows);
    print(rows, contenders);
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

async function posthorn(endings: (() => void | Promise<void>)[]): Promise<Contender> {
  const folder = await makePosthornFolder({ after: (fn) => void endings.push(fn) });
  const password = "correct horse battery";
  await folder.must("domain", "add", "example.org");
  await folder.addAccount(USER, password);
  // The bench logs in without TLS, which loopback allows; LOGIN needs the permission.
  await folder.cli("account", "remote", USER, "--allow");
  let server = await folder.start();
  return {
    name: "Posthorn",
    password,
    imapPort: folder.ports.imap,
    pop3Port: folder.ports.pop3,
    async restart() {
      await server.stop();
      server = await folder.start();
    },
    async settled(messages) {
      const file = join(folder.path, "data", "search.db");
      for (;;) {
        const database = new DatabaseSync(file, { readOnly: true });
        const row = database.prepare("SELECT sum(entries) AS n FROM progress").get();
        database.close();
        process.stdout.write(`\r  search index: ${String(row?.n ?? 0)} of ${messages}   `);
        if (Number(row?.n ?? 0) >= messages) break;
        await pause(500);
      }
      console.log("");
    },
  };
}

async function dovecot(endings: (() => void | Promise<void>)[]): Promise<Contender> {
  const server = await startDovecotMailbox(DOVECOT_PORT);
  endings.push(() => server.stop());
  return {
    name: "Dovecot",
    password: "secret",
    imapPort: server.imapPort,
    pop3Port: server.pop3Port,
    restart: () => server.restart(),
    settled: () => Promise.resolve(),
  };
}

async function fill(contender: Contender, messages: number): Promise<void> {
  const place = { port: contender.imapPort, user: USER, password: contender.password };
  const began = performance.now();
  await fillMailbox(place, messages, (done) => {
    if (done % 5000 === 0) process.stdout.write(`\r  ${contender.name}: ${done} of ${messages}`);
  });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`\r  ${contender.name}: ${messages} messages filed in ${seconds} s`);
  await contender.settled(messages);
  await contender.restart();
}

function readSteps(messages: number, isFirst: boolean): ImapStep[] {
  const fetch = (name: string, items: string, count = messages): ImapStep => ({
    name,
    command: `UID FETCH 1:${count} (${items})`,
    messages: count,
  });
  const list = "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE";
  const search = (name: string, key: string): ImapStep => ({
    name,
    command: `SEARCH ${key}`,
    messages,
  });
  return [
    { name: "SELECT", command: "SELECT INBOX", messages },
    fetch("FETCH FLAGS", "FLAGS"),
    ...(isFirst ? [fetch("UID FLAGS DATE SIZE ENVELOPE, cold", list)] : []),
    fetch("UID FLAGS DATE SIZE ENVELOPE, warm", list),
    fetch("Thunderbird's header set", `FLAGS BODY.PEEK[HEADER.FIELDS (${THUNDERBIRD})]`),
    fetch("BODYSTRUCTURE", "BODYSTRUCTURE"),
    fetch("BODY.PEEK[] of 5,000", "BODY.PEEK[]", Math.min(5000, messages)),
    search("SEARCH SUBJECT", 'SUBJECT "budget travel"'),
    search("SEARCH FROM", "FROM p77@"),
    // Without an index of texts a server reads all of them for each: minutes, and the same again.
    ...(isFirst || messages < MANY_MESSAGES
      ? [
          search("SEARCH TEXT", 'TEXT "fox thanks"'),
          search("SEARCH TEXT, rare", 'TEXT "thanks jumps invoice"'),
        ]
      : []),
    { name: "SORT DATE", command: "SORT (DATE) UTF-8 ALL", messages },
    { name: "THREAD REFERENCES", command: "THREAD REFERENCES UTF-8 ALL", messages },
  ];
}

function changeSteps(messages: number): ImapStep[] {
  const count = Math.min(10_000, Math.floor(messages / 2));
  const step = (name: string, command: string): ImapStep => ({ name, command, messages: count });
  return [
    { name: "", command: "SELECT INBOX" },
    step("STORE +FLAGS on 10,000", `STORE 1:${count} +FLAGS (\\Flagged)`),
    step("COPY of 10,000", `COPY 1:${count} Archive`),
    step("MOVE of 10,000", `MOVE 1:${count} Trash`),
    { name: "", command: `STORE 1:${count} +FLAGS.SILENT (\\Deleted)` },
    step("EXPUNGE of 10,000", "EXPUNGE"),
  ];
}

async function read(
  { name, imapPort, pop3Port, password }: Contender,
  messages: number,
  { rows, round }: { readonly rows: Rows; readonly round: number },
): Promise<void> {
  const steps = readSteps(messages, round === 0);
  const onFigure = (figure: ImapFigure): void => note(rows, name, figure);
  await imapLoad({ port: imapPort, user: USER, password, steps }, onFigure);
  const count = Math.min(5000, messages);
  const { ms } = await pop3Retrieve({ port: pop3Port, user: USER, password }, count);
  note(rows, name, { name: "POP3 RETR of 5,000", ms, octets: 0, messages: count });
}

async function change(contender: Contender, messages: number, rows: Rows): Promise<void> {
  const { name, imapPort: port, password } = contender;
  const text = "Subject: appended\r\n\r\n".padEnd(1022, "appended text ") + "\r\n";
  const append = { name: "", command: `APPEND Sent {${text.length}+}\r\n${text}` };
  for (const sessions of [1, 4, 16]) {
    const row = `APPEND 1 KB, ${sessions} session${sessions === 1 ? "" : "s"}`;
    const steps = Array.from({ length: APPENDS / sessions }, () => ({ ...append, name: row }));
    const figures = await imapLoad({ port, user: USER, password, steps, sessions });
    for (const figure of figures) note(rows, name, figure);
  }
  const steps = changeSteps(messages);
  for (const figure of await imapLoad({ port, user: USER, password, steps })) {
    if (figure.name !== "" && figure.name !== "LOGIN") note(rows, name, figure);
  }
}

function note(rows: Rows, contender: string, figure: ImapFigure): void {
  const row = rows.get(figure.name) ?? { best: new Map(), messages: figure.messages };
  rows.set(figure.name, row);
  const before = row.best.get(contender) ?? Number.POSITIVE_INFINITY;
  if (figure.messages >= MANY_MESSAGES || figure.ms > 1000) {
    console.log(`  ${contender}: ${figure.name} ${figure.ms.toFixed(1)} ms`);
  }
  row.best.set(contender, Math.min(before, figure.ms));
}

function print(rows: Rows, contenders: readonly Contender[]): void {
  const names = contenders.map(({ name }) => name);
  console.log(
    `\n${"".padEnd(36)}${names.map((name) => `${name}, ms`.padStart(14)).join("")}${"ratio".padStart(10)}`,
  );
  for (const [row, { best }] of rows) {
    const times = names.map((name) => best.get(name) ?? Number.NaN);
    const ratio =
      times.length === 2
        ? `${(times[1] / times[0]).toFixed(2)}${times[1] > times[0] ? " !" : "  "}`
        : "";
    console.log(
      `${row.padEnd(36)}${times.map((ms) => ms.toFixed(1).padStart(14)).join("")}${ratio.padStart(10)}`,
    );
  }
  console.log("\nratio: Posthorn's time to Dovecot's; ! where Dovecot is faster.");
}
