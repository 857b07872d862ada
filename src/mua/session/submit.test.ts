import { test } from "node:test";
import assert from "node:assert/strict";
import { decodeLatin1, encodeLatin1 } from "../../base/bytes.ts";
import { isMailError, MailError } from "../../base/errors.ts";
import { makeMemoryPipe } from "../../base/testing/memory-channel.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import type { ConnectOptions } from "../../net/connect.ts";
import type { MailAccount } from "../account/mail-account.ts";
import { openImap } from "../account/open-imap.ts";
import { parseServerUrl } from "../../net/server-url.ts";
import { submit, type Submission } from "./submit.ts";

type Answers = (line: string) => string;

/** Talks to a server that answers line by line; what the client said, and what came of it. */
async function talk<T>(
  protocol: "imap" | "smtp",
  url: string,
  banner: string,
  answers: Answers,
  act: (account: MailAccount, deps: Parameters<typeof submit>[2]) => Promise<T>,
): Promise<{ said: string[]; asked: ConnectOptions[]; outcome: T | MailError }> {
  const server = parseServerUrl(url, protocol);
  assert.ok(server.ok, server.ok ? "" : server.problem);
  const said: string[] = [];
  const asked: ConnectOptions[] = [];
  const connect = async (options: ConnectOptions) => {
    asked.push(options);
    const pipe = makeMemoryPipe({ implicitTls: options.tls !== undefined });
    void serve(pipe.server, banner, answers, said);
    return pipe.client;
  };
  const account: MailAccount = {
    name: "x",
    address: "anna@x.example",
    displayName: "",
    imap: protocol === "imap" ? server.value : undefined,
    smtp: protocol === "smtp" ? server.value : undefined,
    aliases: [],
    password: async () => "secret",
  };
  const deps = { connect, crypto: nodeCrypto, random: new SeededRandom(), clock: new TestClock() };
  const outcome = await act(account, deps).catch((error: unknown) => {
    assert.ok(isMailError(error), String(error));
    return error;
  });
  return { said, asked, outcome };
}

async function serve(
  channel: ReturnType<typeof makeMemoryPipe>["server"],
  banner: string,
  answers: Answers,
  said: string[],
): Promise<void> {
  await channel.write(encodeLatin1(banner));
  let rest = "";
  for (
    let octets = await channel.read(1000);
    octets !== undefined;
    octets = await channel.read(1000)
  ) {
    const lines = (rest + decodeLatin1(octets)).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      said.push(line);
      const answer = answers(line);
      if (answer !== "") await channel.write(encodeLatin1(answer)).catch(() => {});
    }
  }
}

const MESSAGE = {
  reversePath: { localPart: "anna", domain: "x.example" },
  recipients: [
    { localPart: "b", domain: "y.example" },
    { localPart: "c", domain: "y.example" },
  ],
  octets: encodeLatin1("Subject: x\r\n\r\nbody\r\n"),
};

const plain = (line: string): string => {
  if (line.startsWith("EHLO")) return "250-x\r\n250 AUTH PLAIN LOGIN\r\n";
  if (line.startsWith("AUTH")) return "235 fine\r\n";
  if (line.startsWith("RCPT TO:<c@")) return "550 5.1.1 no \u001b[2Jsuch\r\n";
  if (line === "DATA") return "354 go\r\n";
  if (line === "QUIT") return "221 bye\r\n";
  return line === "." || /^(?:MAIL|RCPT)/.test(line) ? "250 ok\r\n" : "";
};

const send = (account: MailAccount, deps: Parameters<typeof submit>[2]): Promise<Submission> =>
  submit(MESSAGE, account, deps);

test("under TLS from the first octet: login, transaction, an outcome for each recipient", async () => {
  const { said, asked, outcome } = await talk(
    "smtp",
    "submissions://anna@mail.example",
    "220 x\r\n",
    plain,
    send,
  );
  assert.deepEqual(asked[0].tls, { serverName: "mail.example", verify: true });
  assert.ok(said.some((line) => line.startsWith("AUTH PLAIN ")));
  assert.match(said[0], /^EHLO \[192\.0\.2\.1\]$/);
  assert.ok(!(outcome instanceof MailError));
  assert.deepEqual(outcome.accepted, ["b@y.example"]);
  assert.equal(outcome.refused[0].recipient, "c@y.example");
  assert.match(outcome.refused[0].problem, /^550 5\.1\.1 no /);
  assert.doesNotMatch(outcome.refused[0].problem, /\u001b/);
});

test("security row 15: without STARTTLS nothing is sent where TLS is demanded, and no password in the clear", async () => {
  const demanded = await talk("smtp", "submission://anna@mail.example", "220 x\r\n", plain, send);
  assert.ok(demanded.outcome instanceof MailError && demanded.outcome.code === "tls-failed");
  const opportunistic = await talk("smtp", "smtp://anna@mail.example", "220 x\r\n", plain, send);
  assert.ok(opportunistic.outcome instanceof MailError);
  for (const { said } of [demanded, opportunistic]) {
    assert.ok(
      said.every((line) => /^(?:EHLO|QUIT)/.test(line)),
      said.join(" | "),
    );
  }
});

test("security row 15: the IMAP side alike, also where the server says PREAUTH", async () => {
  const capable = (line: string): string =>
    `* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n${line.split(" ")[0]} OK\r\n`;
  for (const banner of [
    "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n",
    "* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] in\r\n",
  ]) {
    const { said, outcome } = await talk(
      "imap",
      "imap://anna@mail.example",
      banner,
      capable,
      async (account, deps) => {
        await openImap(account, deps);
      },
    );
    assert.ok(outcome instanceof MailError && outcome.code === "tls-failed");
    assert.deepEqual(said, []);
  }
});

test("a server that is busy is worth trying again; one that refuses is not", async () => {
  for (const [banner, temporary] of [
    ["421 4.3.2 busy\r\n", true],
    ["554 5.3.2 go away\r\n", false],
  ] as const) {
    const { outcome } = await talk("smtp", "submissions://mail.example", banner, plain, send);
    assert.ok(outcome instanceof MailError);
    assert.equal(outcome.temporary, temporary);
  }
});
