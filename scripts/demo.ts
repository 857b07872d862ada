/**
 * `npm run demo`: two Posthorn hosts and a DNS zone on the loopback network. A handful of messages
 * goes through a local delivery, an alias, a list, a relay past a dead exchanger, and into reports;
 * each is read back over IMAP or POP3. Prints every hop and where every recipient ended; ends with 1
 * if one is missing or doubled.
 */

import { createTransport } from "nodemailer";
import {
  freePorts,
  makePosthornFolder,
  type PosthornFolder,
} from "../test/system/posthorn-process.ts";
import { readOverImap, readOverPop3, type ReadMessage } from "./demo/read-back.ts";
import { HOSTS, serveZone } from "./demo/zone.ts";

const PASSWORD = "correct horse battery";
const ACCOUNTS = {
  red: ["anna@red.test", "rolf@red.test"],
  blue: ["bert@blue.test", "carla@blue.test"],
} as const;
type HostName = keyof typeof ACCOUNTS;

type Story = {
  readonly subject: string;
  readonly from: string;
  readonly to: readonly string[];
  /** Who must have it in the end, once. */
  readonly reaches: readonly string[];
  /** Recipients that the sender must get a report about, once each. */
  readonly reported?: readonly string[];
  readonly attachment?: Buffer;
};

const STORIES: readonly Story[] = [
  {
    subject: "To a neighbour",
    from: "anna@red.test",
    to: ["rolf@red.test"],
    reaches: ["rolf@red.test"],
  },
  {
    subject: "Über den Fluss, with a picture",
    from: "anna@red.test",
    to: ["bert@blue.test"],
    reaches: ["bert@blue.test"],
    attachment: Buffer.from(Array.from({ length: 5000 }, (_, n) => (n * 7) % 256)),
  },
  {
    subject: "To an alias with two targets",
    from: "carla@blue.test",
    to: ["team@red.test"],
    reaches: ["anna@red.test", "bert@blue.test"],
  },
  {
    subject: "To the choir",
    from: "carla@blue.test",
    to: ["choir@red.test"],
    reaches: ["anna@red.test", "rolf@red.test", "bert@blue.test", "carla@blue.test"],
  },
  {
    subject: "To somebody, to nobody, and to a domain without mail",
    from: "anna@red.test",
    to: ["carla@blue.test", "nobody@blue.test", "anyone@silent.test", "anyone@nowhere.test"],
    reaches: ["carla@blue.test"],
    reported: ["nobody@blue.test", "anyone@silent.test", "anyone@nowhere.test"],
  },
];

const endings: (() => void | Promise<void>)[] = [];

async function demonstrate(): Promise<boolean> {
  const dns = await serveZone();
  endings.push(() => dns.close());
  // Other servers are found on one port, as it is with port 25 in the world.
  const smtpPort = (await freePorts(HOSTS.blue)).smtp;
  const hosts = {
    red: await makeHost("red", smtpPort, dns.endpoint.port),
    blue: await makeHost("blue", smtpPort, dns.endpoint.port),
  };
  await hosts.red.must("alias", "add", "team@red.test", "anna@red.test", "bert@blue.test");
  await hosts.red.must(
    "list",
    "add",
    "choir@red.test",
    "--owner",
    "anna@red.test",
    "--name",
    "The choir",
  );
  const choir = [...ACCOUNTS.red, ...ACCOUNTS.blue];
  await hosts.red.must("list", "members", "add", "choir@red.test", ...choir);
  for (const host of Object.values(hosts)) await host.start();
  console.log(
    `Two hosts, red.test on ${HOSTS.red} and blue.test on ${HOSTS.blue}, port ${smtpPort}; a zone on port ${dns.endpoint.port}.\n`,
  );

  for (const story of STORIES) await submit(hosts, story);
  const expected = expectations();
  const found = await waitForAll(hosts, expected);
  printHops(found);
  return printTable(expected, found);
}

async function makeHost(
  name: HostName,
  smtpPort: number,
  dnsPort: number,
): Promise<PosthornFolder> {
  const folder = await makePosthornFolder(
    { after: (fn) => void endings.push(fn) },
    {
      host: HOSTS[name],
      smtpPort,
      config: [
        `hostname = "mx.${name}.test"`,
        "[dns]",
        `servers = ["127.0.0.1:${dnsPort}"]`,
        "[remote]",
        `port = ${smtpPort}`,
        'families = ["ipv4"]',
        `ownHosts = ["${HOSTS[name]}"]`,
      ].join("\n"),
    },
  );
  await folder.must("domain", "add", `${name}.test`);
  for (const account of ACCOUNTS[name]) await folder.addAccount(account, PASSWORD);
  return folder;
}

async function submit(hosts: Record<HostName, PosthornFolder>, story: Story): Promise<void> {
  const host = hostOf(story.from);
  const transport = createTransport({
    host: HOSTS[host],
    port: hosts[host].ports.submission,
    requireTLS: true,
    tls: { rejectUnauthorized: false },
    auth: { user: story.from, pass: PASSWORD },
  });
  const sent = await transport.sendMail({
    from: story.from,
    to: [...story.to],
    subject: story.subject,
    messageId: messageIdOf(story),
    text: `This is the message "${story.subject}".\n.\nFrom here on it is text.\n`,
    attachments: story.attachment ? [{ filename: "bild.png", content: story.attachment }] : [],
  });
  transport.close();
  console.log(`${story.from} -> ${story.to.join(", ")}: "${story.subject}"\n    ${sent.response}`);
}

type Expected = {
  readonly what: string;
  readonly recipient: string;
  readonly account: string;
  matches(message: ReadMessage): boolean;
};

function expectations(): Expected[] {
  return STORIES.flatMap((story) => [
    ...story.reaches.map((recipient) => ({
      what: story.subject,
      recipient,
      account: recipient,
      matches: ({ account, text }: ReadMessage) =>
        account === recipient && headerOf(text).includes(messageIdOf(story)) && !isReport(text),
    })),
    ...(story.reported ?? []).map((recipient) => ({
      what: "report to the sender",
      recipient,
      account: story.from,
      matches: ({ account, text }: ReadMessage) =>
        account === story.from &&
        isReport(text) &&
        new RegExp(`^Final-Recipient: rfc822; ?${recipient}\\r?$`, "im").test(text),
    })),
  ]);
}

const messageIdOf = (story: Story): string => `<story-${STORIES.indexOf(story) + 1}@posthorn.test>`;
const headerOf = (text: string): string =>
  text.slice(0, text.search(/\r?\n\r?\n/)).replace(/\r?\n[\t ]+/g, " ");
const isReport = (text: string): boolean => /^Content-Type: multipart\/report/im.test(text);
const hostOf = (address: string): HostName => (address.endsWith("@red.test") ? "red" : "blue");

async function readAll(hosts: Record<HostName, PosthornFolder>): Promise<ReadMessage[]> {
  const logins = Object.values(ACCOUNTS)
    .flat()
    .map((account) => ({ account, host: hostOf(account) }));
  const read = await Promise.all(
    logins.map(({ account, host }, index) => {
      const login = { host: HOSTS[host], account, password: PASSWORD };
      return index % 2 === 0
        ? readOverImap({ ...login, port: hosts[host].ports.imaps })
        : readOverPop3({ ...login, port: hosts[host].ports.pop3s });
    }),
  );
  return read.flat();
}

async function waitForAll(
  hosts: Record<HostName, PosthornFolder>,
  expected: readonly Expected[],
): Promise<ReadMessage[]> {
  const untilMs = performance.now() + 30_000;
  for (;;) {
    const found = await readAll(hosts);
    const isComplete = expected.every((one) => found.some((message) => one.matches(message)));
    if (isComplete || performance.now() > untilMs) {
      // A copy too many would come late: look once more after a moment.
      await new Promise((resolve) => setTimeout(resolve, 500));
      return readAll(hosts);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function printHops(found: readonly ReadMessage[]): void {
  console.log("\nThe hops, oldest first, as the Received fields tell them:");
  for (const { account, way, text } of found) {
    const header = headerOf(text);
    const subject = /^Subject: (.*)$/im.exec(header)?.[1] ?? "";
    console.log(`\n  ${account} (read over ${way}): ${subject}`);
    for (const [, hop] of [...header.matchAll(/^Received: (.*)$/gim)].reverse()) {
      const [, from = "here", by = "?"] = /^(?:from (\S+) .*?)?\bby (\S+)/.exec(hop) ?? [];
      const protocol = /\bwith (\S+)/.exec(hop)?.[1] ?? "";
      console.log(`    ${from} -> ${by}  ${protocol}`);
    }
  }
}

function printTable(expected: readonly Expected[], found: readonly ReadMessage[]): boolean {
  const rows = expected.map((one) => {
    const copies = found.filter((message) => one.matches(message));
    const ended =
      copies.length === 1 ? "once" : copies.length === 0 ? "MISSING" : `${copies.length} TIMES`;
    return {
      message: one.what,
      recipient: one.recipient,
      "ended at": one.account,
      way: copies[0]?.way ?? "",
      copies: ended,
    };
  });
  const strays = found.filter((message) => !expected.some((one) => one.matches(message)));
  console.log();
  console.table(rows);
  for (const { account, text } of strays)
    console.log(`Not expected in ${account}:\n${text.slice(0, 500)}`);
  const isGood = strays.length === 0 && rows.every(({ copies }) => copies === "once");
  console.log(
    isGood ? "Every recipient ended where it should, once." : "Something is missing or too much.",
  );
  return isGood;
}

try {
  process.exitCode = (await demonstrate()) ? 0 : 1;
} finally {
  for (const end of endings.reverse()) await end();
}
