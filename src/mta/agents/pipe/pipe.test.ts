import { test } from "node:test";
import assert from "node:assert/strict";
import type { CommandEnd } from "../../../base/commands.ts";
import { deliveryFacts, fillPath, fillWord } from "../here/delivery-facts.ts";
import { chooseUser } from "../here/system-user.ts";
import { commandEnvironment } from "./command-environment.ts";
import { commandWords } from "./command-words.ts";
import { verdictOf } from "./sysexits.ts";

const facts = (recipient: string, sender = "anna@us.test"): ReturnType<typeof deliveryFacts> =>
  deliveryFacts({ recipient, sender, originalRecipient: recipient, queueId: "q1" }, "+");

test("mta 33: exit codes of sysexits.h; a status at the beginning of the output wins", () => {
  const verdict = (exitCode: number | undefined, output = "", more: Partial<CommandEnd> = {}) => {
    const end = { exitCode, signal: undefined, hasTimedOut: false, output, ...more };
    const { kind, status } = verdictOf(end);
    return `${kind} ${status}`;
  };
  assert.equal(verdict(0, "5.1.1 not listened to"), "delivered 2.0.0");
  assert.equal(verdict(75), "deferred 4.3.0");
  assert.equal(verdict(67), "failed 5.1.1");
  assert.equal(verdict(77), "failed 5.7.0");
  assert.equal(verdict(1), "failed 5.3.0");
  assert.equal(verdict(67, "4.2.2 full\nmore"), "deferred 4.2.2");
  assert.equal(verdict(75, " 5.7.1 go away"), "failed 5.7.1");
  assert.equal(verdict(75, "5.7.1x no status"), "deferred 4.3.0");
  assert.equal(verdict(127), "deferred 4.3.5");
  assert.equal(verdict(undefined, "", { signal: "SIGSEGV" }), "deferred 4.3.0");
  assert.equal(verdict(0, "", { hasTimedOut: true }), "deferred 4.3.0");
  const { problem, diagnostic } = verdictOf({
    exitCode: 67,
    signal: undefined,
    hasTimedOut: false,
    output: "5.1.1 no\u0007such \u00fcser\r\nsecond",
  });
  assert.equal(problem, "The command said: no?such ?ser");
  assert.equal(diagnostic, "5.1.1 no?such ?ser");
});

test("mta 33, security row 17: what strangers write never leaves its word, its folder or its variable", () => {
  assert.equal(fillWord("{user}@x", facts('"a b"@us.test')), "a b@x");
  assert.equal(fillWord("--to={recipient}", facts("-rf@us.test")), "--to=-rf@us.test");
  assert.equal(fillWord("{recipient}", facts("-rf@us.test")), undefined);
  assert.equal(fillPath("/m/{domain}/{user}", facts("anna+shop@us.test")), "/m/us.test/anna");
  assert.equal(fillPath("/m/{user}", facts('"../../etc/passwd"@us.test')), undefined);
  assert.equal(fillPath("/m/{user}", facts('".."@us.test')), undefined);
  assert.equal(fillPath("/m/{user}/{detail}", facts("anna@us.test")), undefined);
  const environment = commandEnvironment(facts('"() { :;}; x"@us.test', "$(id)@a.test"));
  assert.equal(environment["SENDER"], "__id_@a.test");
  assert.doesNotMatch(Object.values(environment).join(""), /[(){};$"'`\\ ]/);
  assert.deepEqual(Object.keys(environment).includes("NODE_OPTIONS"), false);
});

test("a command's words: quotes and backslashes, and nothing else of a shell", () => {
  const words = (text: string): readonly string[] | string => {
    const result = commandWords(text);
    return result.ok ? result.value : result.problem;
  };
  assert.deepEqual(words(` /bin/x  'a b' "c'd" e\\ f ""g`), ["/bin/x", "a b", "c'd", "e f", "g"]);
  for (const shell of ["/bin/x; y", "/bin/x $HOME", "/bin/x > f", "/bin/x | y", "/bin/x `y`"]) {
    assert.match(String(words(shell)), /needs a shell/, shell);
  }
  assert.match(String(words("/bin/x 'a")), /not closed/);
  assert.match(String(words("cat")), /absolute path/);
  assert.match(String(words("")), /no command/);
});

test("mta 33: nothing is done as root", async () => {
  const told = async (wanted: string | undefined, ownUid: number): Promise<unknown> => {
    const chosen = await chooseUser(wanted, ownUid);
    return chosen.ok ? (chosen.user ?? "as we are") : chosen.problem;
  };
  assert.match(String(await told(undefined, 0)), /as root/);
  assert.match(String(await told("root", 0)), /is root/);
  assert.match(String(await told("1000:0", 0)), /root's group/);
  assert.match(String(await told("nobody-of-this-name", 0)), /no user/);
  assert.deepEqual(await told("1000:1001", 0), { uid: 1000, gid: 1001 });
  assert.equal(await told(undefined, 1000), "as we are");
  assert.equal(await told("1000:1000", 1000), "as we are");
  assert.match(String(await told("1001:1001", 1000)), /only a server that is root/);
});
