import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AliasFileConfig } from "../config.ts";
import { AliasFile } from "./alias-file.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "posthorn-aliases-"));
});
after(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text, { mode: 0o644 });
  return path;
}

function find(file: AliasFile, localPart: string, domain = "us.test"): string[] | undefined {
  return file.find({ localPart, domain })?.targets.map(({ kind, text }) => `${kind}:${text}`);
}

async function load(
  text: string,
  options: Partial<AliasFileConfig> = {},
): Promise<{ file: AliasFile; problems: string[] }> {
  const file = new AliasFile({ path: await write("aliases", text), ...options });
  const problems = (await file.load()).map(({ path, line, problem }) =>
    `${path.slice(folder.length + 1)}:${line}: ${problem}`.replaceAll(folder, ""),
  );
  return { file, problems };
}

test("entries are found without case, in the domains they are for, with their line", async () => {
  const { file } = await load("# x\nRoot: anna\n", { domains: ["us.test"] });
  assert.deepEqual(find(file, "ROOT"), ["address:anna"]);
  assert.equal(find(file, "root", "other.test"), undefined);
  assert.match(file.find({ localPart: "root", domain: "us.test" })?.source ?? "", /aliases:2$/);
});

test("a file is read anew on load; one that cannot be read leaves the old entries", async () => {
  const { file } = await load("a: b\n");
  await write("aliases", "a: c\n");
  assert.deepEqual(find(file, "a"), ["address:b"]);
  await file.load();
  assert.deepEqual(find(file, "a"), ["address:c"]);
  await rm(file.path);
  const [problem] = await file.load();
  assert.match(problem.problem, /there is no such file/);
  assert.deepEqual(find(file, "a"), ["address:c"]);
});

test("security row 17: a command in an alias is never run, only refused", async () => {
  const marker = join(folder, "was-run");
  const { file, problems } = await load(`x: "|touch ${marker}"\ny: |touch ${marker}\n`);
  assert.deepEqual(
    file.find({ localPart: "x", domain: "us.test" })?.targets.map(({ kind }) => kind),
    ["refused"],
  );
  assert.equal(problems.length, 2);
});

test("includes are refused unless their folder is named", async () => {
  await write("list", "anna\n");
  const { file, problems } = await load(`l: :include:${folder}/list, ben\n`);
  assert.deepEqual(problems, [
    "aliases:1: :include:/list: includes are not allowed (includeFolders)",
  ]);
  assert.deepEqual(find(file, "l")?.at(-1), "address:ben");
});

test("includes: one address a line, comments, no commands; problems name the included file", async () => {
  await write("list", "# members\nanna, ben@far.test\n|cat\n/dev/null\n\ncarl\n");
  const { file, problems } = await load(`l: :include:${folder}/list\n`, {
    includeFolders: [folder],
  });
  assert.deepEqual(find(file, "l"), [
    "address:anna",
    "address:ben@far.test",
    "refused:|cat",
    "refused:/dev/null",
    "address:carl",
  ]);
  assert.deepEqual(problems, [
    "list:3: |cat: an included file holds addresses only",
    "list:4: /dev/null: an included file holds addresses only",
  ]);
});

test("security row 43: includes in circles and nested without end stop", async () => {
  await write("a", `:include:${folder}/b\nanna\n`);
  await write("b", `:include:${folder}/a\nben\n`);
  for (let n = 0; n < 20; n++) await write(`n${n}`, `:include:${folder}/n${n + 1}\n`);
  const { file, problems } = await load(
    `circle: :include:${folder}/a\nnested: :include:${folder}/n0\n`,
    { includeFolders: [folder] },
  );
  assert.deepEqual(find(file, "circle"), ["address:ben", "address:anna"]);
  assert.match(problems.join("\n"), /nested too deeply/);
});

test("an include must be a real file below the folder, and not everybody's to write", async () => {
  await mkdir(join(folder, "in"));
  await write("in/open", "anna\n");
  await chmod(join(folder, "in/open"), 0o666);
  await write("secret", "ben\n");
  await symlink(join(folder, "secret"), join(folder, "in/link"));
  const { problems } = await load(
    ["in/open", "in/link", "in/../secret", "in", "in/none"]
      .map((name, index) => `x${index}: :include:${folder}/${name}`)
      .join("\n") + "\nx9: :include:relative\n",
    { includeFolders: [join(folder, "in")] },
  );
  assert.deepEqual(
    problems.map((problem) => problem.replace(/^aliases:\d+: :include:/, "")),
    [
      "/in/open: everybody may write to it",
      "/in/link: it is not below one of includeFolders",
      "/in/../secret: it is not below one of includeFolders",
      "/in: it is not below one of includeFolders",
      "/in/none: there is no such file",
      "relative: an included file needs an absolute path",
    ],
  );
});

test("mta 33: files, commands and transports are targets where the operator allows them, and nowhere else", async () => {
  const text = [
    "archive: /srv/mail/archive, /srv/mail/folder/",
    "outside: /etc/passwd, /srv/mail/../x, ~/x",
    `filter: "|/usr/bin/filter --to 'a b'", |/usr/bin/other, "|/usr/bin/filter; rm x"`,
    "ticket: :transport:tickets, :transport:none",
  ].join("\n");
  const refused = await load(text);
  for (const name of ["archive", "outside", "filter"]) {
    assert.match(find(refused.file, name)?.join(" ") ?? "", /^(?:refused:[^ ]+ ?|[^ ]+ ?)+$/);
    assert.ok(!find(refused.file, name)?.some((target) => target.startsWith("target")));
  }
  const path = join(folder, "allowed");
  await writeFile(path, text);
  const file = new AliasFile(
    { path, fileFolders: ["/srv/mail"], commands: ["/usr/bin/filter"], user: "nobody" },
    [{ name: "tickets", kind: "discard" }],
  );
  const problems = await file.load();
  const targets = (localPart: string): unknown[] =>
    (file.find({ localPart, domain: "us.test" })?.targets ?? []).map((target) =>
      target.kind === "target" ? target.transport : target.kind,
    );
  assert.deepEqual(targets("archive"), [
    { kind: "mbox", path: "/srv/mail/archive", user: "nobody" },
    { kind: "maildir", path: "/srv/mail/folder/", user: "nobody" },
  ]);
  assert.deepEqual(targets("outside"), ["refused", "refused", "refused"]);
  assert.deepEqual(targets("ticket"), [{ name: "tickets", kind: "discard" }, "refused"]);
  const [pipe, ...others] = targets("filter");
  assert.deepEqual((pipe as { command: unknown }).command, ["/usr/bin/filter", "--to", "a b"]);
  assert.deepEqual(others, ["refused", "refused"]);
  assert.equal(problems.length, 6);
  await chmod(path, 0o666);
  assert.match((await file.load()).map(({ problem }) => problem).join(), /everybody may write/);
  assert.deepEqual(targets("filter"), ["refused", "refused", "refused"]);
  assert.deepEqual(targets("archive"), ["refused", "refused"]);
});
