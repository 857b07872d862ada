import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { VERBS } from "./verbs.ts";

/** Verbs that print no facts, or print JSON and nothing else. */
const WITHOUT_JSON = new Set([
  "serve",
  "mail",
  "sendmail",
  "newaliases",
  "config show",
  "config doc",
  "config example",
]);

type Found = { readonly name: string; readonly command: Command };

function leavesOf(command: Command, prefix: string): Found[] {
  const name = `${prefix}${command.name()}`;
  if (command.commands.length === 0) return [{ name, command }];
  return command.commands.flatMap((child) => leavesOf(child, `${name} `));
}

async function everything(): Promise<Command[]> {
  const program = new Command("posthorn");
  for (const verb of VERBS.values()) await verb.add(program);
  return [...program.commands];
}

test("every verb has a description, and says what it has to say as JSON too", async () => {
  for (const command of await everything()) {
    for (const { name, command: leaf } of leavesOf(command, "")) {
      assert.notEqual(leaf.description(), "", name);
      if (WITHOUT_JSON.has(name)) continue;
      const has = leaf.options.some(({ long }) => long === "--json");
      assert.ok(has, `${name} has no --json`);
    }
  }
});

test("every verb's help has an example", async () => {
  for (const command of await everything()) {
    if (command.name() === "sendmail") continue;
    let help = "";
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    assert.match(help, /Examples?:\n {2}\$ /, command.name());
  }
});
