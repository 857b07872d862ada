/** What `posthorn doctor config` looks at beyond the file's grammar: files, certificates, names, ports. */

import { X509Certificate } from "node:crypto";
import { constants, existsSync, statSync } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { counted } from "../base/counted.ts";
import { isMailError } from "../base/errors.ts";
import { AliasFile } from "../mta/aliases/alias-file.ts";
import { placeOf, whyUnreadable } from "../mta/aliases/file-problem.ts";
import { ReportTemplates } from "../mta/dsn/report-templates.ts";
import { AddressMaps } from "../mta/maps/address-maps.ts";
import { readKeySet } from "../net/json-web-key.ts";
import { ServerTls } from "../net/server-tls.ts";
import { loadCertificates, loadClientAnchors } from "./certificates.ts";
import type { FoundConfig } from "./config/find-config.ts";
import type { Settings } from "./config/settings-shape.ts";
import { mtaSettings } from "./mta-settings.ts";

export type ConfigRemark = { readonly level: "wrong" | "note"; readonly text: string };

const DAY_MS = 86_400_000;

export async function checkConfig(found: FoundConfig, nowMs: number): Promise<ConfigRemark[]> {
  const { settings, dataFolder, file } = found;
  return [
    ...checkSecrets(settings, file),
    ...checkFolder(dataFolder),
    ...(await checkCertificates(found, nowMs)),
    ...checkClientAnchors(settings),
    ...(await checkAddressFiles(settings)),
    ...(await checkPrograms(settings)),
    ...(await checkKeySet(settings)),
    ...(settings.hostname.includes(".")
      ? []
      : [
          note(
            `hostname is "${settings.hostname}": other servers will want a full name such as mail.example.org`,
          ),
        ]),
  ];
}

/** What is wrong in alias files, address tables and the texts of reports, with file and line. */
async function checkAddressFiles(settings: Settings): Promise<ConfigRemark[]> {
  const { aliasFiles = [], transports } = mtaSettings(settings);
  const aliases = aliasFiles.map((file) => new AliasFile(file, transports));
  const tables = new AddressMaps(settings.maps, {
    recipientDelimiter: "",
    isOurDomain: () => false,
  });
  const { templates: folder, language } = settings.reports;
  const templates = new ReportTemplates({ folder, language });
  const problems = await Promise.all([...aliases, tables, templates].map((file) => file.load()));
  return problems.flat().map((found) => wrong(`${placeOf(found)}: ${found.problem}`));
}

/** Programs that mail is piped into; whether `runAs` may run them is seen when they run. */
async function checkPrograms({ transports, aliasFiles }: Settings): Promise<ConfigRemark[]> {
  const programs = [
    ...transports
      .filter(({ kind }) => kind === "pipe")
      .map(({ name, command }) => ({ of: `transport "${name}"`, path: command[0] ?? "" })),
    ...aliasFiles.flatMap(({ commands }) =>
      commands.map((path) => ({ of: "aliasFiles.commands", path })),
    ),
  ];
  const remarks = programs.map(async ({ of, path }) => {
    try {
      await access(path, constants.X_OK);
      return [];
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      return [wrong(`${of}: ${path} ${isMissing ? "is not there" : "may not be run"}`)];
    }
  });
  return (await Promise.all(remarks)).flat();
}

/** A file only: a server's keys are asked for when the first token comes. */
async function checkKeySet({ login }: Settings): Promise<ConfigRemark[]> {
  const { keySet: file } = login.oauth;
  if (file === undefined || /^https?:/.test(file)) return [];
  try {
    const keys = readKeySet(await readFile(file, "utf8"));
    if (keys === undefined) return [wrong(`login.oauth.keySet: ${file} is no JWK Set`)];
    return keys.length > 0
      ? []
      : [wrong(`login.oauth.keySet: ${file} holds no key that tokens can be checked with`)];
  } catch (error) {
    return [wrong(`login.oauth.keySet: ${file}: ${whyUnreadable(error)}`)];
  }
}

function checkSecrets(settings: Settings, file: string | undefined): ConfigRemark[] {
  const hasSecrets =
    settings.smarthost.password !== undefined ||
    settings.login.oauth.clientSecret !== undefined ||
    [...settings.routes, ...settings.transports].some(({ password }) => password !== undefined);
  if (file === undefined || !hasSecrets || (statSync(file).mode & 0o077) === 0) return [];
  return [wrong(`${file} holds a password and can be read by others: chmod 600 ${file}`)];
}

function checkFolder(folder: string): ConfigRemark[] {
  if (!existsSync(folder))
    return [note(`the data folder ${folder} is not there yet; serve makes it`)];
  return (statSync(folder).mode & 0o077) === 0
    ? []
    : [wrong(`the data folder ${folder} can be read by others: chmod 700 ${folder}`)];
}

function checkClientAnchors({ tls }: Settings): ConfigRemark[] {
  try {
    loadClientAnchors(tls);
    return [];
  } catch (error) {
    if (!isMailError(error)) throw error;
    return [wrong(error.message)];
  }
}

async function checkCertificates(found: FoundConfig, nowMs: number): Promise<ConfigRemark[]> {
  const { settings, dataFolder } = found;
  if (settings.tls.certificates.length === 0) {
    return [note("no certificate is configured: mail programs will warn about the self-made one")];
  }
  try {
    const certificates = await loadCertificates({ ...settings, dataFolder, nowMs });
    new ServerTls({ certificates });
    return certificates.flatMap(({ certificate }, index) =>
      checkDates(
        new X509Certificate(certificate),
        settings.tls.certificates[index].certificate,
        nowMs,
      ),
    );
  } catch (error) {
    if (!isMailError(error)) throw error;
    return [wrong(error.message)];
  }
}

function checkDates(leaf: X509Certificate, file: string, nowMs: number): ConfigRemark[] {
  const endsMs = Date.parse(leaf.validTo);
  if (endsMs <= nowMs) return [wrong(`${file} has expired on ${leaf.validTo}`)];
  const days = Math.floor((endsMs - nowMs) / DAY_MS);
  return days < 14 ? [note(`${file} expires in ${counted(days, "day")}`)] : [];
}

const wrong = (text: string): ConfigRemark => ({ level: "wrong", text });
const note = (text: string): ConfigRemark => ({ level: "note", text });
