/**
 * The face of sendmail: programs of this machine hand mail over as they always have. It goes to the
 * local server over SMTP, logged in where the sender is an account here and the caller may read the
 * data folder. Without a server nothing is taken: exit code 75, and the caller tries again.
 */

import { userInfo } from "node:os";
import type { Command } from "commander";
import { isMailError, MailError } from "../base/errors.ts";
import { formatAddress, parseAddress, type Address } from "../message/addr-spec.ts";
import { makeMessageId } from "../message/message-id.ts";
import type { MailAccount } from "../mua/account/mail-account.ts";
import { prepareRawMessage, untilDot } from "../mua/compose/raw-message.ts";
import { submit, type Submission } from "../mua/session/submit.ts";
import { connect } from "../net/connect.ts";
import { nodeCrypto } from "../net/node-crypto.ts";
import { systemClock } from "../net/system-clock.ts";
import { systemRandom } from "../net/system-random.ts";
import type { Account, Directory } from "../store/directory.ts";
import { CliError } from "./cli-error.ts";
import { describeFailure } from "./describe-failure.ts";
import { EXIT } from "./exit-codes.ts";
import { reachable, withToken } from "./local-account.ts";
import { originDomain } from "./origin-domain.ts";
import { readInput } from "./read-input.ts";
import { parseSendmailArguments, type SendmailRequest } from "./sendmail-arguments.ts";
import { configOf, withStore } from "./with-store.ts";

/** For a session on standard input and output: the server has limits of its own. */
const SESSION_TIMEOUT_MS = 3_600_000;
/** sysexits.h, which callers of sendmail know. */
const EX_USAGE = 64;

const NO_RELAY =
  "mail for other hosts needs a sender that is an account here (-f anna@example.org) and a caller who may read the data folder, or relay.networks with 127.0.0.0/8";

const USAGE = `Usage: sendmail [options] [recipients...] < message

hand mail to the server of this machine, as sendmail does

Options:
  -t            recipients are in the header (To, Cc, Bcc; Bcc is removed)
  -f <address>  the sender of the envelope; <> for none
  -F <name>     the full name, for a message without From
  -i, -oi       a line with only a dot does not end the message
  -bs           speak SMTP on standard input and output
  -bp           show the queue (mailq)
  -bi           nothing to do (newaliases)
  -q            try what waits again
  --help        print help
Other options of sendmail are taken and forgotten, or refused where they ask for what is not done.

Exit codes as in sysexits.h: 75 when no server runs, so that the caller tries again.

Examples:
  $ sendmail -t < message.eml
  $ sendmail -f anna@example.org bob@example.net < message.eml
`;

export function addSendmailCommand(program: Command): void {
  // Behind `sendmail` every option is sendmail's: -V and -h are not ours.
  program.enablePositionalOptions();
  program
    .command("sendmail")
    .argument("[words...]")
    .description("hand mail to the local server, as sendmail does")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: string[], _options: object, command: Command) => {
      if (words[0] === "--help") return void process.stdout.write(USAGE);
      const request = parseSendmailArguments(words);
      if (!request.ok) return fail(request.problem, EX_USAGE);
      try {
        await run(request.value, command, program);
      } catch (error) {
        const { text, exitCode } = describeFailure(error);
        fail(text, exitCode === EXIT.usage ? EX_USAGE : exitCode);
      }
    });
}

function fail(text: string, exitCode: number): void {
  process.stderr.write(`sendmail: ${text}\n`);
  process.exitCode = exitCode;
}

async function run(request: SendmailRequest, command: Command, program: Command): Promise<void> {
  switch (request.mode) {
    case "deliver":
      return deliver(request, command);
    case "smtp":
      return speakSmtp(command);
    case "queue": {
      const { addMailqCommand } = await import("./queue-command.ts");
      addMailqCommand(program);
      await program.parseAsync(["mailq"], { from: "user" });
      return;
    }
    case "aliases":
      return;
    case "flush":
      await withStore(command, (store) => store.queue.retry({}));
      return;
    default:
      return request.mode satisfies never;
  }
}

async function deliver(request: SendmailRequest, command: Command): Promise<void> {
  const input = await readInput();
  let hasStore = false;
  try {
    await withStore(command, async (store, found) => {
      hasStore = true;
      await deliverFrom(
        localOrigin(store.directory, command, request),
        input,
        request,
        (login, hand) =>
          login === undefined ? hand(withoutLogin(command)) : withToken(store, found, login, hand),
      );
    });
  } catch (error) {
    if (hasStore) throw error;
    // The store is not ours to read, or not there: mail still goes by the way open to everybody.
    const { hostname } = configOf(command).settings;
    const origin = { ...originAt(hostname, request.sender), login: undefined };
    await deliverFrom(origin, input, request, (_login, hand) => hand(withoutLogin(command)));
  }
}

type Origin = {
  readonly sender: Address | "null";
  /** Who runs this. */
  readonly user: Address;
  /** What completes a bare name. */
  readonly domain: string;
  /** The account to log in as, if the sender is one. */
  readonly login: Account | undefined;
};

function localOrigin(directory: Directory, command: Command, { sender }: SendmailRequest): Origin {
  const { hostname } = configOf(command).settings;
  const domain = originDomain(hostname, directory.domains());
  const origin = originAt(domain, sender);
  const text = origin.sender === "null" ? "" : formatAddress(origin.sender).toLowerCase();
  const owners = [text, ...(directory.alias(text)?.targets ?? [])];
  const login = owners
    .map((address) => directory.account(address))
    .find((account) => account?.isEnabled === true);
  return { ...origin, login };
}

function originAt(domain: string, asked: string | undefined): Omit<Origin, "login"> {
  const user = { localPart: userInfo().username, domain };
  const sender = asked === undefined ? user : asked === "" ? "null" : mustBeAddress(asked, domain);
  return { user, sender, domain };
}

type Hand = (account: MailAccount) => Promise<Submission>;

async function deliverFrom(
  origin: Origin,
  input: Uint8Array,
  request: SendmailRequest,
  connectAs: (login: Account | undefined, hand: Hand) => Promise<Submission>,
): Promise<void> {
  const { sender, domain } = origin;
  const dateMs = systemClock.nowMs();
  const message = prepareRawMessage(
    request.ignoresDots ? input : untilDot(input),
    {
      from: { displayName: request.fullName, address: sender === "null" ? origin.user : sender },
      dateMs,
      zoneMinutes: -new Date(dateMs).getTimezoneOffset(),
      messageId: makeMessageId(systemRandom, domain),
    },
    (word) => complete(word, domain),
  );
  if (!message.ok) throw new CliError(message.problem, EXIT.dataError);
  const { octets, headerRecipients } = message.value;
  const recipients = [
    ...request.recipients.map((word) => mustBeAddress(word, domain)),
    ...(request.takesHeaderRecipients ? headerRecipients : []),
  ];
  if (recipients.length === 0) {
    throw new CliError("no recipient: name one, or -t to read the header", EXIT.usage);
  }
  const deps = { connect, crypto: nodeCrypto, random: systemRandom, clock: systemClock };
  const hand: Hand = (account) =>
    submit({ reversePath: sender, recipients, octets }, account, deps);
  const submission = await connectAs(origin.login, hand).catch((error: unknown) => {
    throw withServerHint(error);
  });
  tellRefusals(submission, origin.login !== undefined);
}

function complete(word: string, domain: string): Address | undefined {
  const parsed = parseAddress(word.includes("@") ? word : `${word}@${domain}`);
  return parsed.ok ? parsed.value : undefined;
}

function mustBeAddress(word: string, domain: string): Address {
  const address = complete(word.replace(/^<(.*)>$/, "$1"), domain);
  if (address === undefined) throw new CliError(`"${word}" is no address`, EXIT.usage);
  return address;
}

/** Port 25: takes mail for here from everybody, and for elsewhere from the networks the operator allows. */
function withoutLogin(command: Command): MailAccount {
  const [listener] = configOf(command).settings.listen.smtp;
  if (listener === undefined) throw new CliError("no SMTP service is configured", EXIT.config);
  return {
    name: "sendmail",
    address: "",
    displayName: "",
    imap: undefined,
    smtp: { protocol: "smtp", tls: "opportunistic", user: undefined, ...reachable(listener) },
    aliases: [],
    password: () => Promise.reject(new MailError("refused", "there is no password")),
  };
}

function withServerHint(error: unknown): unknown {
  if (!isMailError(error)) return error;
  const isAway = error.code === "connect-failed" || error.code.startsWith("channel-");
  if (isAway)
    return new CliError(
      `${error.message}. Is \`posthorn serve\` running? Nothing was sent.`,
      EXIT.temporary,
    );
  return new CliError(error.message, error.temporary ? EXIT.temporary : EXIT.unavailable);
}

function tellRefusals({ refused }: Submission, isLoggedIn: boolean): void {
  if (refused.length === 0) return;
  const lines = refused.map(({ recipient, problem }) => `${recipient}: ${problem}`);
  // "Log in" is no help to who calls sendmail.
  if (!isLoggedIn && refused.some(({ problem }) => problem.startsWith("550 5.7.1 ")))
    lines.push(NO_RELAY);
  const text = lines.join("\nsendmail: ");
  const isUnknown = refused.every(({ problem }) => / 5\.1\.[12] /.test(problem));
  const exitCode = refused.every(({ isTemporary }) => isTemporary)
    ? EXIT.temporary
    : isUnknown
      ? EXIT.noSuchUser
      : EXIT.unavailable;
  throw new CliError(text, exitCode);
}

/** `-bs`: standard input and output are a session with the server. */
async function speakSmtp(command: Command): Promise<void> {
  const server = withoutLogin(command).smtp;
  if (server === undefined) return;
  const { host, port } = server;
  const channel = await connect({ host, port, timeoutMs: 10_000 }).catch((error: unknown) => {
    throw withServerHint(error);
  });
  const relayAnswer = async (): Promise<boolean> => {
    const octets = await channel.read(SESSION_TIMEOUT_MS);
    if (octets !== undefined) process.stdout.write(octets);
    return octets !== undefined;
  };
  try {
    // The server must speak first, or it takes us for a machine that does not listen.
    await relayAnswer();
    const answers = (async () => {
      while (await relayAnswer());
    })();
    for await (const octets of process.stdin) await channel.write(octets as Uint8Array);
    await answers;
  } finally {
    await channel.close();
  }
}
