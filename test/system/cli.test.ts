/** The administrative verbs, as a shell sees them: output, errors that help, exit codes. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { Answer } from "dns-packet";
import { silentLog } from "../../src/base/log.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import { TestDnsServer } from "../../src/net/testing/dns-server.ts";
import { openStore } from "../../src/store/sqlite/open-store.ts";

const bin = join(import.meta.dirname, "../../bin/posthorn.js");

type Run = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

function runProgram(
  program: string,
  args: string[],
  data: string,
  input = "",
  cwd = tmpdir(),
): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: { ...process.env, POSTHORN_DATA: data, POSTHORN_CONFIG: "" },
      cwd,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("close", (status) => resolve({ status, stdout, stderr }));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

type Driver = { run(words: readonly string[]): Promise<Run>; end(): void };

/** One process for many command lines. */
function startDriver(data: string): Driver {
  const child = spawn(process.execPath, [join(import.meta.dirname, "cli-driver.ts")], {
    env: {
      ...process.env,
      POSTHORN_DATA: data,
      POSTHORN_CONFIG: "",
      // As the real entry sets it: the store's thread starts in a third of the time.
      NODE_COMPILE_CACHE: join(import.meta.dirname, "../../node_modules/.cache/posthorn"),
    },
    cwd: tmpdir(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(words) {
      child.stdin.write(`${JSON.stringify(words)}\n`);
      const answer = await answers.next();
      assert.equal(answer.done, false, `the driver ended at ${words.join(" ")}`);
      return JSON.parse(String(answer.value)) as Run;
    },
    end: () => child.stdin.end(),
  };
}

/** Two messages with three recipients, none of which anybody tries to reach. */
async function fillQueue(folder: string): Promise<void> {
  const store = await openStore({
    folder,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  const queued = (recipient: string): object => ({
    recipient,
    transport: "smtp",
    destination: recipient.slice(recipient.indexOf("@") + 1),
  });
  const message = (
    queueId: string,
    reversePath: string,
    recipients: string[],
  ): Parameters<typeof store.accept>[0] => ({
    message: store.octets.stageOctets(Buffer.from("Subject: waits\r\n\r\ntext\r\n")),
    receivedAtMs: Date.now(),
    envelopes: [
      {
        queueId,
        reversePath,
        smtpUtf8: false,
        body: "7bit",
        prefix: new Uint8Array(0),
        deliveries: [],
        recipients: recipients.map(queued) as never,
      },
    ],
  });
  await store.accept(message("first0000001", "anna@queue.test", ["x@far.test", "y@dead.test"]));
  await store.accept(message("second000002", "", ["z@dead.test"]));
  await store.close();
}

suite("the command line", () => {
  let data = "";
  let driver: Driver;
  const posthorn = (line: string, input?: string): Promise<Run> =>
    input === undefined
      ? driver.run(line.split(" "))
      : runProgram(process.execPath, [bin, ...line.split(" ")], data, input);
  const json = async (line: string): Promise<unknown> => JSON.parse((await posthorn(line)).stdout);

  before(() => {
    data = join(mkdtempSync(join(tmpdir(), "posthorn-cli-")), "data");
    mkdirSync(data, { mode: 0o700 });
    driver = startDriver(data);
  });
  after(() => {
    driver.end();
    rmSync(join(data, ".."), { recursive: true, force: true });
  });

  test("a domain, accounts, an alias and a list, from nothing to removed", async () => {
    const missing = await posthorn("account add anna@example.org --generate");
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /First: posthorn domain add example\.org/);
    assert.equal((await posthorn("domain add Example.ORG")).status, 0);
    assert.equal((await posthorn("domain add bücher.example")).status, 0);
    assert.match((await posthorn("domain list")).stdout, /^bücher\.example +0/m);

    const made = await posthorn("account add anna@example.org --generate --json");
    const account = JSON.parse(made.stdout) as { address: string; password: string };
    assert.equal(account.address, "anna@example.org");
    assert.match(account.password, /^[a-z2-9-]{19}$/);
    const read = await posthorn("account add bob@example.org --password-stdin", "secret of bob\n");
    assert.equal(read.status, 0);
    assert.doesNotMatch(read.stdout, /secret/);
    const short = await posthorn("account password bob@example.org --password-stdin", "short\n");
    assert.equal(short.status, 2);
    assert.match(short.stderr, /at least 8 characters/);
    const off = (await json("account disable bob@example.org --json")) as { isEnabled: boolean };
    assert.equal(off.isEnabled, false);
    assert.equal(
      (await posthorn("account set anna@example.org --quota 2GB --name Anna")).status,
      0,
    );
    const rows = (await json("account list example.org --json")) as Record<string, unknown>[];
    assert.deepEqual(
      rows.map(({ address, isEnabled, quotaOctets }) => [address, isEnabled, quotaOctets]),
      [
        ["anna@example.org", true, 2_147_483_648],
        ["bob@example.org", false, undefined],
      ],
    );

    assert.equal(
      (await posthorn("alias add info@example.org anna@example.org x@far.test")).status,
      0,
    );
    const again = await posthorn("alias add info@example.org bob@example.org");
    assert.equal(again.status, 1);
    assert.match(again.stderr, /info@example\.org/);
    assert.equal((await posthorn("alias set info@example.org bob@example.org")).status, 0);
    assert.match((await posthorn("alias list")).stdout, /info@example\.org +bob@example\.org/);

    const list = "list add choir@example.org --owner anna@example.org --member bob@example.org";
    assert.equal((await posthorn(list)).status, 0);
    const file = join(data, "members.txt");
    writeFileSync(file, "# the altos\ncarol@far.test\n\nbob@example.org\n");
    assert.match(
      (await posthorn(`list members add choir@example.org --file ${file}`)).stdout,
      /2 members/,
    );
    const absent = await posthorn("list members remove choir@example.org zoe@far.test");
    assert.equal(absent.status, 1);
    assert.match(absent.stderr, /zoe@far\.test is not on choir@example\.org/);
    assert.deepEqual(await json("list members list choir@example.org --json"), [
      "bob@example.org",
      "carol@far.test",
    ]);
    const posting = await posthorn("list set choir@example.org --posting everybody");
    assert.equal(posting.status, 2);
    assert.match(posting.stderr, /anyone, members, owner/);

    const full = await posthorn("domain remove example.org");
    assert.equal(full.status, 1);
    for (const line of [
      "list remove choir@example.org",
      "alias remove info@example.org",
      "account remove bob@example.org",
      "account remove anna@example.org",
      "domain remove example.org",
    ]) {
      const removed = await posthorn(line);
      assert.equal(removed.status, 0, `${line}: ${removed.stderr}`);
    }
    assert.equal((await posthorn("account show anna@example.org")).status, 1);
  });

  test("wrong words: exit code 2 and what would be right", async () => {
    const cases: [line: string, complaint: RegExp][] = [
      ["nonsense", /unknown command 'nonsense'/],
      ["account lst", /Did you mean list/],
      ["account add", /missing required argument 'address'/],
      ["account add not-an-address", /"not-an-address" is not a mail address/],
      ["account add a@b..c", /is not a mail address/],
      ["account set a@example.org", /give --name, --quota/],
      ["account set a@example.org --quota lots", /"lots" is not a size/],
      ["domain add -- -bad-.org", /is not a domain name/],
      ["queue delete", /--all is everything/],
      ["queue list --older-than soon", /"soon" is not a time/],
      ["queue list --state lost", /due, leased, held/],
    ];
    for (const [line, complaint] of cases) {
      const { status, stderr } = await posthorn(line);
      assert.equal(status, 2, `${line}: ${stderr}`);
      assert.match(stderr, complaint, line);
    }
  });

  test("without a data folder a verb says where it looked and what to do (exit code 78)", async () => {
    const { status, stderr } = await posthorn(`account list --data ${data}-not-there`);
    assert.equal(status, 78);
    assert.match(stderr, /no data folder .*-not-there.*posthorn serve.*--data/);
    assert.equal(existsSync(`${data}-not-there`), false, "looking makes nothing");
  });

  test("help lists the verbs", async () => {
    const { stdout, status } = await posthorn("--help");
    assert.equal(status, 0);
    const verbs = [
      "serve",
      "domain",
      "account",
      "alias",
      "list",
      "queue",
      "mail",
      "send",
      "doctor",
    ];
    for (const verb of verbs) assert.match(stdout, new RegExp(`^ +${verb} `, "m"));
  });

  test("acl: a mailbox is shared, listed and taken back", async () => {
    assert.equal((await posthorn("domain add share.test")).status, 0);
    assert.equal((await posthorn("account add anna@share.test --generate")).status, 0);
    assert.match((await posthorn("acl list anna@share.test")).stdout, /Nothing is shared/);
    const set = await posthorn("acl set anna@share.test INBOX bob lrs");
    assert.equal(set.stdout, "bob@share.test has lrs in INBOX of anna@share.test.\n");
    const more = await posthorn("acl set anna@share.test INBOX bob@share.test +wi --json");
    assert.deepEqual(JSON.parse(more.stdout), {
      mailbox: "INBOX",
      identifier: "bob@share.test",
      rights: "lrswi",
    });
    assert.equal((await posthorn("acl set anna@share.test INBOX bob -s")).status, 0);
    assert.equal((await posthorn("acl set anna@share.test Archive -anyone p")).status, 0);
    assert.deepEqual(await json("acl list anna@share.test --json"), [
      { mailbox: "INBOX", identifier: "bob@share.test", rights: "lrwi" },
      { mailbox: "Archive", identifier: "-anyone", rights: "p" },
    ]);
    assert.equal((await posthorn("acl delete anna@share.test Archive -anyone")).status, 0);
    assert.deepEqual(await json("acl list anna@share.test Archive --json"), []);
    const wrong = await posthorn("acl set anna@share.test INBOX bob lrz");
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /letters out of lrswipkxtea/);
    assert.match(
      (await posthorn("acl set anna@share.test Nowhere bob lr")).stderr,
      /anna@share\.test has no mailbox Nowhere/,
    );
    assert.equal((await posthorn("acl set anna@share.test INBOX anna lr")).status, 1);
  });

  test("alias: a target that takes no mail is warned of, and a loop of one is refused", async () => {
    assert.equal((await posthorn("domain add warn.test")).status, 0);
    assert.equal((await posthorn("account add anna@warn.test --generate")).status, 0);
    const fine = await posthorn(
      "alias add fine@warn.test anna@warn.test anna+x@warn.test x@far.test",
    );
    assert.deepEqual([fine.status, fine.stderr], [0, ""]);
    for (const verb of ["account", "alias", "list"]) {
      const typo = await posthorn(`${verb} list wran.test`);
      assert.deepEqual([typo.status, typo.stdout], [1, ""]);
      assert.match(typo.stderr, /wran\.test is not a domain of ours/);
    }
    const nowhere = await posthorn("domain set warn.test --catch-all ana@warn.test");
    assert.equal(nowhere.status, 0);
    assert.match(nowhere.stderr, /^posthorn: warning: ana@warn\.test: 55\d 5\.\d\.\d [^\n]+\n$/);
    assert.equal((await posthorn("domain set warn.test --catch-all anna@warn.test")).stderr, "");
    await posthorn("domain set warn.test --no-catch-all");
    const typo = await posthorn("alias add info@warn.test anna@warn.test ana@warn.test");
    assert.equal(typo.status, 0);
    assert.match(typo.stdout, /now leads to/);
    assert.match(typo.stderr, /^posthorn: warning: ana@warn\.test: 550 5\.1\.1 [^\n]+\n$/);
    const changed = await posthorn("alias set info@warn.test bert@warn.test --json");
    assert.equal(changed.status, 0);
    assert.match(changed.stderr, /warning: bert@warn\.test: /);
    JSON.parse(changed.stdout);
    for (const verb of ["add self@warn.test", "set info@warn.test"]) {
      const [, address] = verb.split(" ");
      const self = await posthorn(`alias ${verb} ${address.toUpperCase()}`);
      assert.equal(self.status, 1);
      assert.match(self.stderr, /would lead to itself/);
    }
    assert.doesNotMatch((await posthorn("alias list warn.test")).stdout, /self@/);
    // The first of a ring leads nowhere yet; its second closes it, and is told so.
    await posthorn("alias add one@warn.test two@warn.test");
    const ring = await posthorn("alias add two@warn.test one@warn.test");
    assert.equal(ring.status, 0);
    assert.match(ring.stderr, /^posthorn: warning: /);
  });

  test("the faces: mailq by link, newaliases, and an empty queue", async () => {
    const link = join(data, "mailq");
    symlinkSync(bin, link);
    const { stdout, status } = await runProgram(process.execPath, [link, "-Ac"], data);
    assert.deepEqual([stdout, status], ["The queue is empty.\n", 0]);
    assert.equal((await posthorn("newaliases")).status, 0);
    // Programs call it wherever they are: a file that lies there is not believed.
    const trap = mkdtempSync(join(tmpdir(), "posthorn-trap-"));
    writeFileSync(join(trap, "posthorn.toml"), "nonsense = 1\n");
    const trapped = await runProgram(process.execPath, [link], "", "", trap);
    assert.equal(trapped.status, 78);
    assert.match(trapped.stderr, /neither \$POSTHORN_CONFIG nor \$POSTHORN_DATA is set/);
    rmSync(trap, { recursive: true });
    assert.deepEqual(await json("queue list --json"), []);
  });

  test("the queue: list, show, hold, release, retry and delete, by filter", async () => {
    await posthorn("domain add queue.test");
    await fillQueue(data);
    const list = await posthorn("queue list");
    assert.match(list.stdout, /^ID +SIZE +AGE +STATE +NEXT +TRIES +SENDER +RECIPIENT/);
    assert.match(list.stdout, /^first0000001 .* due .* anna@queue\.test +x@far\.test/m);
    assert.match(list.stdout, /^second000002 .* <> +z@dead\.test/m);
    assert.match(list.stdout, /-- 3 due, 0 under way, 0 held/);
    const far = (await json("queue list --domain far.test --json")) as { recipient: string }[];
    assert.deepEqual(
      far.map(({ recipient }) => recipient),
      ["x@far.test"],
    );
    const held = await posthorn("queue hold --sender anna@queue.test --reason tea-time");
    assert.equal(held.stdout, "hold: 2 recipients.\n");
    assert.match((await posthorn("queue show first0000001")).stdout, /held: tea-time/);
    const dry = await posthorn("queue release --state held --dry-run");
    assert.match(dry.stdout, /release would touch 2 recipients; nothing is changed/);
    assert.equal((await posthorn("queue release first0000001")).stdout, "release: 2 recipients.\n");
    assert.equal(
      (await posthorn("queue retry --recipient y@dead.test")).stdout,
      "retry: 1 recipient.\n",
    );
    const shape = await posthorn("queue shape");
    assert.match(shape.stdout, /^ +ALL +5 +10 +20 +40 +80 +160 +320 +640 +1280 +1280\+$/m);
    assert.match(shape.stdout, /^TOTAL +3 +3( +0){9}$/m);
    assert.match(shape.stdout, /^dead\.test +2 +2( +0){9}$/m);
    const senders = (await json("queue shape --by sender --json")) as {
      rows: { name: string; recipients: number }[];
    };
    assert.deepEqual(
      senders.rows.map(({ name, recipients }) => [name, recipients]),
      [
        ["queue.test", 2],
        ["", 1],
      ],
    );
    const watched = await posthorn("queue watch --count 2 --interval 0s");
    assert.match(watched.stdout, /^\S+.* 3 due, 0 under way, 0 held\n.*3 due.* 0\.0 a second\n$/);
    const touched = async (line: string): Promise<string> => (await posthorn(line)).stdout;
    assert.equal(await touched("queue flush --destination dead.test"), "flush: 2 recipients.\n");
    assert.equal(await touched("queue requeue --newer-than 1h"), "requeue: 3 recipients.\n");
    assert.equal(await touched("queue requeue --older-than 1h"), "requeue: 0 recipients.\n");
    assert.equal(await touched("queue requeue --attempts 1"), "requeue: 0 recipients.\n");
    assert.equal(await touched("queue flush --transport lmtp"), "flush: 0 recipients.\n");
    assert.equal(
      await touched("queue expire --domain test --subdomains --sender anna@queue.test"),
      "expire: 2 recipients.\n",
    );
    assert.equal((await posthorn("queue delete --sender <>")).stdout, "delete: 1 recipient.\n");
    assert.equal((await posthorn("queue show second000002")).status, 1);
    const help = await posthorn("queue retry --help");
    assert.match(
      help.stdout,
      /--config <file>[^]+--data <folder>[^]+\nExamples: posthorn queue --help/,
    );
    const gone = await posthorn("queue retry second000002");
    assert.deepEqual(
      [gone.status, gone.stderr],
      [1, "posthorn: second000002 is not in the queue (any more)\n"],
    );
    assert.equal(
      (await posthorn("queue list --domain nothing.test")).stdout,
      "Nothing in the queue fits.\n",
    );
    assert.equal((await posthorn("queue list --subdomains")).status, 2);
    assert.deepEqual(await json("queue delete --all --json"), { touched: 2 });
    await posthorn("domain remove queue.test");
  });

  test("trace: an alias to its mailbox and to the hosts that DNS names", async () => {
    const dns = await TestDnsServer.start(({ name, type }) => {
      if (name === "far.test" && type === "MX") {
        const mx = (preference: number, exchange: string): Answer => ({
          type: "MX",
          name,
          ttl: 60,
          data: { preference, exchange },
        });
        return { answers: [mx(20, "b.far.test"), mx(10, "a.far.test")] };
      }
      const last = { "a.far.test": 1, "b.far.test": 2 }[name];
      if (type === "A" && last !== undefined) {
        return { answers: [{ type: "A", name, ttl: 60, data: `192.0.2.${last}` }] };
      }
      return last === undefined ? { rcode: 3 } : {};
    });
    const config = join(data, "trace.toml");
    writeFileSync(config, `[dns]\nservers = "127.0.0.1:${dns.endpoint.port}"\n`);
    for (const line of [
      "domain add trace.test",
      "account add anna@trace.test --generate",
      "alias add both@trace.test anna@trace.test x@far.test",
    ]) {
      assert.equal((await posthorn(line)).status, 0);
    }
    const traced = await posthorn(`trace both@trace.test --config ${config}`);
    assert.match(
      traced.stdout,
      /^both@trace\.test: alias .* leads to anna@trace\.test, x@far\.test$/m,
    );
    assert.match(traced.stdout, /^mailbox of anna@trace\.test$/m);
    assert.match(traced.stdout, /1\. a\.far\.test \[192\.0\.2\.1\]:25\n +2\. b\.far\.test/);
    assert.equal(traced.status, 0);
    const nobody = await posthorn(`trace nobody@trace.test --config ${config} --json`);
    assert.equal(nobody.status, 1);
    assert.match(nobody.stdout, /"status": "5\.1\.1"/);
    const gone = await posthorn(`trace x@gone.test --config ${config}`);
    assert.match(gone.stdout, /never: 5\.1\.2/);

    // Tables, a domain that follows, and under whose name a forwarded copy goes out.
    const table = join(data, "virtual");
    writeFileSync(table, "old@trace.test both@trace.test\nwrong\n");
    writeFileSync(
      config,
      `[dns]\nservers = "127.0.0.1:${dns.endpoint.port}"\n[maps]\nvirtual = "${table}"\nmasqueradeDomains = "far.test"\n`,
    );
    assert.equal((await posthorn("domain alias add new.test trace.test")).status, 0);
    assert.match((await posthorn("domain alias list")).stdout, /^new\.test +trace\.test$/m);
    const words = `trace old@new.test --from bob@desk.far.test --config ${config}`;
    const steps = (await posthorn(words)).stdout;
    assert.match(steps, /^bob@desk\.far\.test, the sender, becomes bob@far\.test/m);
    assert.match(steps, /^old@new\.test: domain-alias .*leads to old@trace\.test$/m);
    assert.match(
      steps,
      /^ {2}old@trace\.test: virtual \(.*virtual:1\), leads to both@trace\.test$/m,
    );
    assert.match(
      steps,
      /x@far\.test goes by smtp to far\.test, from <SRS0=\S+=far\.test=bob@trace/m,
    );
    assert.match(steps, /^ {2}MX: 10 a\.far\.test, 20 b\.far\.test\n {2}TLS: if offered/m);
    const facts = (await json(`${words} --json`)) as { routes: { tls: string }[] };
    assert.equal(facts.routes[0].tls, "may");
    const doctor = await posthorn(`doctor config --config ${config}`);
    assert.match(doctor.stdout + doctor.stderr, /virtual:2: "wrong" leads to nothing/);
    assert.equal((await posthorn("domain remove trace.test")).status, 1);
    assert.equal((await posthorn("domain alias remove new.test")).status, 0);
    dns.close();
  });

  test("doctor: a store in order, a configuration with its remarks", async () => {
    const store = await posthorn("doctor store");
    assert.deepEqual([store.stdout, store.status], ["The store is in order.\n", 0]);
    const config = join(data, "posthorn.toml");
    writeFileSync(config, '[smarthost]\nhost = "smtp.far.test"\nuser = "us"\npassword = "pw"\n', {
      mode: 0o644,
    });
    const checked = await posthorn(`doctor config --config ${config}`);
    assert.equal(checked.status, 1);
    assert.match(checked.stdout, /holds a password and can be read by others: chmod 600/);
    const shown = await posthorn(`config show --config ${config}`);
    assert.doesNotMatch(shown.stdout, /"pw"/);
    assert.match((await posthorn(`config check --config ${config}`)).stdout, /is in order/);
  });

  test("an older Node re-executes the pinned one", async () => {
    const old = "/usr/bin/node";
    if (!existsSync(old)) return;
    const { stdout, status } = await runProgram(old, [bin, "version", "--json"], data);
    assert.equal(status, 0);
    const { node } = JSON.parse(stdout) as { node: string };
    assert.ok(Number(node.split(".")[0]) >= 24);
    assert.equal((await runProgram(old, [bin, "nonsense"], data)).status, 2);
  });
});
