import assert from "node:assert/strict";
import { test } from "node:test";
import { configExample } from "./config-example.ts";
import { defaultSettings, describeProblems, readConfig } from "./read-config.ts";
import type { AnyTable } from "./setting.ts";
import { SETTINGS } from "./settings.ts";

/** As a person takes away every "#" before a setting; "# words" stay. */
const uncommented = (text: string): string => text.replace(/^#(?=[[a-zA-Z])/gm, "");

function read(source: string): ReturnType<typeof defaultSettings> {
  const outcome = readConfig(source);
  assert.ok(outcome.ok, outcome.ok ? "" : describeProblems("example", outcome.problems));
  return outcome.settings;
}

test("the example as it is changes nothing", () => {
  assert.deepEqual(read(configExample()), defaultSettings());
});

test("the example holds every setting, and uncommented it is accepted", () => {
  const settings = read(uncommented(configExample()));
  const source = uncommented(configExample());
  const visit = (table: AnyTable, path: string[]): void => {
    for (const [name, row] of Object.entries(table)) {
      if (row.kind === "setting") assert.match(source, new RegExp(`^${name} = `, "m"), name);
      else if (row.example !== undefined) assert.ok(source.includes(row.example), name);
      else visit(row.members, [...path, name]);
      if (row.kind === "repeated")
        assert.match(source, new RegExp(`^\\[\\[${[...path, name].join("\\.")}\\]\\]`, "m"));
    }
  };
  visit(SETTINGS as unknown as AnyTable, []);
  assert.equal(settings.routes.length, 3);
  assert.equal(settings.transports.length, 3);
  assert.equal(settings.aliasFiles.length, 1);
  assert.equal(settings.rules.length, 6);
  assert.equal(settings.tls.certificates.length, 1);
});

test("every setting that has a default stands there with it", () => {
  const settings = read(uncommented(configExample()));
  const usual = defaultSettings();
  const { certificates: _, ...tls } = settings.tls;
  const { certificates: __, ...usualTls } = usual.tls;
  assert.deepEqual(tls, usualTls);
  const { oauth, ...login } = settings.login;
  const { oauth: usualOauth, ...usualLogin } = usual.login;
  assert.deepEqual(login, usualLogin);
  assert.equal(oauth.nameMember, usualOauth.nameMember);
  for (const name of [
    "hostname",
    "dataFolder",
    "listen",
    "log",
    "limits",
    "smtp",
    "relay",
    "queue",
    "remote",
    "dns",
  ] as const) {
    assert.deepEqual(settings[name], usual[name], name);
  }
  assert.equal(settings.smarthost.port, 587);
  assert.equal(settings.addresses.recipientDelimiter, "+");
});

test("no line is wider than a terminal", () => {
  for (const line of configExample().split("\n")) assert.ok(line.length <= 100, line);
});
