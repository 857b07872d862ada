import { test } from "node:test";
import assert from "node:assert/strict";
import { accountFromSettings } from "./account-from-settings.ts";
import { parseMailToml } from "./mail-toml.ts";
import { passwordFromCommand } from "../../net/password-from-command.ts";
import { parseServerUrl } from "../../net/server-url.ts";

test("servers as people write them", () => {
  const rows: [string, "imap" | "smtp", unknown][] = [
    ["imaps://anna@mail.example", "imap", ["implicit", "anna", "mail.example", 993]],
    [
      "imaps://anna@example.org@mail.example:10993",
      "imap",
      ["implicit", "anna@example.org", "mail.example", 10993],
    ],
    [
      "imap://anna%40example.org@mail.example/",
      "imap",
      ["required", "anna@example.org", "mail.example", 143],
    ],
    ["imap://anna@127.0.0.1:2143", "imap", ["opportunistic", "anna", "127.0.0.1", 2143]],
    ["submission://a@[::1]", "smtp", ["opportunistic", "a", "::1", 587]],
    ["submission://a@mail.example", "smtp", ["required", "a", "mail.example", 587]],
    ["submissions://a@mail.example", "smtp", ["implicit", "a", "mail.example", 465]],
    ["smtp://mail.example", "smtp", ["opportunistic", undefined, "mail.example", 25]],
  ];
  for (const [text, protocol, expected] of rows) {
    const url = parseServerUrl(text, protocol);
    assert.ok(url.ok, text);
    const { tls, user, host, port } = url.value;
    assert.deepEqual([tls, user, host, port], expected);
  }
});

test("what is no server, or carries a password, is refused with the choices", () => {
  const rows: [string, RegExp][] = [
    ["mail.example", /not an address of a server: write imaps:\/\//],
    ["smtp://mail.example", /not one of imaps:\/\/, imap:\/\//],
    ["imaps://anna:secret@mail.example", /password does not belong/],
    ["imaps://anna%3Asecret@mail.example", /password does not belong/],
    ["imaps://a@mail.example:99999", /no port/],
    ["imaps://%ff@mail.example", /cannot be read/],
    ["imaps://a@mail example", /not an address/],
  ];
  for (const [text, problem] of rows) {
    const url = parseServerUrl(text, "imap");
    assert.match(url.ok ? "fine" : url.problem, problem, text);
  }
});

test("mail.toml: accounts in order, the default, and what is wrong with its line", () => {
  const good = parseMailToml(
    '[account.home]\nfrom = "A <a@x.example>"\n[account.work]\nfrom = "b@y.example"\naliases = ["c@y.example"]\n',
    "m",
  );
  assert.ok(good.ok && good.value.defaultAccount === "home");
  assert.deepEqual(good.value.accounts.get("work")?.aliases, ["c@y.example"]);
  assert.ok(parseMailToml("", "m").ok);
  const rows: [string, RegExp][] = [
    ["x = \n", /^m:1: /],
    [
      '[account.a]\nfrom = "a"\nimp = "x"\n',
      /^m:3: account\.a\.imp: there is no such setting; possible are from, imap/,
    ],
    ["[account.a]\nfrom = 3\n", /^m:2: account\.a\.from: expected string/],
    ["[account.a]\n", /account\.a\.from/],
    ['default = "b"\n[account.a]\nfrom = "a"\n', /no \[account\.b\]/],
    ['defalt = "b"\n', /^m:1: defalt: there is no such setting; possible are default, account/],
  ];
  for (const [text, problem] of rows) {
    const result = parseMailToml(text, "m");
    assert.match(result.ok ? "fine" : result.problem, problem, text);
  }
  assert.ok(parseMailToml('[account.__proto__]\nfrom = "a"\n', "m") !== undefined);
  assert.equal(({} as { from?: string }).from, undefined, "security row 30");
});

test("the password: command, environment, question; asked once a user", async () => {
  const settings = {
    name: "x",
    from: "Anna <a@x.example>",
    imap: "imaps://u@h",
    smtp: "submissions://u@h",
  };
  const questions: string[] = [];
  const askPassword = async (question: string): Promise<string> => (
    questions.push(question),
    "typed"
  );
  const account = async (change: object, environmentPassword?: string) => {
    const result = await accountFromSettings(
      { ...settings, ...change },
      { askPassword, environmentPassword },
    );
    assert.ok(result.ok, result.ok ? "" : result.problem);
    const { imap, smtp, password } = result.value;
    assert.ok(imap !== undefined && smtp !== undefined);
    return [await password(imap), await password(smtp)];
  };
  assert.deepEqual(await account({}), ["typed", "typed"]);
  assert.deepEqual(questions, ["Password for u at h"]);
  assert.deepEqual(await account({}, "env"), ["env", "env"]);
  assert.deepEqual(await account({ passwordCommand: "echo made; echo more" }, "env"), [
    "made",
    "made",
  ]);
  await assert.rejects(passwordFromCommand("exit 3"), /exit code 3/);
  await assert.rejects(account({ imap: "x", smtp: "x" }), /imap: not an address/);
  const nobody = await accountFromSettings(
    { ...settings, from: "nobody" },
    { askPassword, environmentPassword: undefined },
  );
  assert.match(nobody.ok ? "" : nobody.problem, /from: "nobody" is no address/);
});
