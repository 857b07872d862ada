import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isMailError } from "../base/errors.ts";
import { makeSelfSigned } from "../net/self-signed.ts";
import { testCertificate } from "../net/testing/socket-pair.ts";
import { loadCertificates, loadClientAnchors, ownCertificateFile } from "./certificates.ts";
import { checkConfig } from "./check-config.ts";
import { defaultSettings } from "./config/read-config.ts";

const NOW_MS = Date.UTC(2026, 10, 24);

test("certificates: one of our own is made once, private, for our names, and kept", async (context) => {
  const dataFolder = mkdtempSync(join(tmpdir(), "posthorn-tls-"));
  context.after(() => rmSync(dataFolder, { recursive: true }));
  const source = { ...defaultSettings(), hostname: "mx.home.test", dataFolder, nowMs: NOW_MS };
  const [made] = await loadCertificates(source);
  const leaf = new X509Certificate(made.certificate);
  for (const name of ["mx.home.test", "posthorn.test", "localhost"]) {
    assert.equal(leaf.checkHost(name), name);
  }
  assert.equal(leaf.checkIP("127.0.0.1"), "127.0.0.1");
  assert.ok(Date.parse(leaf.validTo) > Date.UTC(2036, 10, 23));
  assert.equal(statSync(ownCertificateFile(dataFolder)).mode & 0o077, 0);
  assert.equal(statSync(join(dataFolder, "tls/key.pem")).mode & 0o777, 0o600);
  const [again] = await loadCertificates({ ...source, nowMs: NOW_MS + 1 });
  assert.equal(again.certificate, made.certificate);
});

test("certificates: a file that can't be read is named", async () => {
  const settings = defaultSettings();
  const tls = {
    ...settings.tls,
    certificates: [{ certificate: "/nowhere/a.pem", key: "/nowhere/a.key" }],
  };
  const source = { ...settings, tls, dataFolder: "/nowhere", nowMs: NOW_MS };
  await assert.rejects(loadCertificates(source), (error) => {
    assert.ok(isMailError(error, "config-invalid"));
    assert.match(error.message, /\/nowhere\/a\.pem: there is no such file/);
    return true;
  });
});

test("certificates: one that is none, and a key that is another's, are named", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-pairs-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const one = await testCertificate();
  const other = await makeSelfSigned(["other.test"], NOW_MS);
  const junk = write("junk.pem", "no PEM");
  const chain = write("one.pem", one.certificate);
  const own = write("one.key", one.key);
  const foreign = write("other.key", other.key);
  const complaint = async (certificate: string, key: string): Promise<string> => {
    const settings = defaultSettings();
    const tls = { ...settings.tls, certificates: [{ certificate, key }] };
    const source = { ...settings, tls, dataFolder: folder, nowMs: NOW_MS };
    return loadCertificates(source).then(
      () => "",
      (error: unknown) => {
        assert.ok(isMailError(error, "config-invalid"));
        return error.message.replaceAll(`${folder}/`, "");
      },
    );
  };
  assert.equal(await complaint(chain, own), "");
  assert.equal(await complaint(junk, own), "junk.pem holds no certificate in PEM that we can read");
  assert.equal(
    await complaint(chain, junk),
    "junk.pem holds no private key in PEM that we can read",
  );
  assert.equal(
    await complaint(chain, foreign),
    "the key other.key belongs to another certificate than one.pem",
  );
});

test("doctor config: an expired certificate, one that soon will be, and a missing alias file", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-doctor-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const pem = await testCertificate();
  const certificate = join(folder, "chain.pem");
  const key = join(folder, "key.pem");
  writeFileSync(certificate, pem.certificate);
  writeFileSync(key, pem.key);
  const settings = {
    ...defaultSettings(),
    hostname: "mx.home.test",
    tls: {
      ...defaultSettings().tls,
      certificates: [{ certificate, key }],
      minVersion: "TLSv1.2" as const,
    },
    aliasFiles: [
      {
        path: join(folder, "aliases"),
        domains: [],
        includeFolders: [],
        fileFolders: [],
        commands: [],
        user: undefined,
      },
    ],
  };
  const found = { settings, file: undefined, dataFolder: join(folder, "data") };
  const endsMs = Date.parse(new X509Certificate(pem.certificate).validTo);
  const at = async (nowMs: number): Promise<string[]> =>
    (await checkConfig(found, nowMs)).map(
      ({ level, text }) => `${level} ${text.replaceAll(folder, "")}`,
    );
  assert.deepEqual(await at(endsMs - 100 * 86_400_000), [
    "note the data folder /data is not there yet; serve makes it",
    "wrong /aliases: there is no such file or folder",
  ]);
  assert.match(
    (await at(endsMs - 5 * 86_400_000)).join("\n"),
    /note \/chain\.pem expires in 5 days/,
  );
  assert.match((await at(endsMs + 1)).join("\n"), /wrong \/chain\.pem has expired/);
});

test("client anchors: several in a file, whatever stands between; a file without any is named", async (t) => {
  const place = mkdtempSync(join(tmpdir(), "posthorn-anchors-"));
  t.after(() => rmSync(place, { recursive: true, force: true }));
  const usual = defaultSettings().tls;
  assert.equal(loadClientAnchors(usual), undefined);
  const pem = (await makeSelfSigned(["one.test"], NOW_MS)).certificate.trim();
  const both = join(place, "both.pem");
  writeFileSync(both, `# people\n${pem}${pem}\n`);
  assert.equal(loadClientAnchors({ ...usual, clientAnchors: [both] })?.length, 2);
  const none = join(place, "none.pem");
  for (const text of ["", "nothing", pem.replace("MI", "XX")]) {
    writeFileSync(none, text);
    assert.throws(() => loadClientAnchors({ ...usual, clientAnchors: [none] }), {
      code: "config-invalid",
      message: `tls.clientAnchors: ${none} holds no certificates`,
    });
  }
});
