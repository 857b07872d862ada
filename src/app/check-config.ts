/** What `posthorn doctor config` looks at beyond the file's grammar: files, certificates, names, ports. */

import { X509Certificate } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { isMailError } from "../base/errors.ts";
import { ReportTemplates } from "../mta/dsn/report-templates.ts";
import { AddressMaps } from "../mta/maps/address-maps.ts";
import { ServerTls } from "../net/server-tls.ts";
import { loadCertificates, loadClientAnchors } from "./certificates.ts";
import type { FoundConfig } from "./config/find-config.ts";
import type { Settings } from "./config/settings-shape.ts";

export type ConfigRemark = { readonly level: "wrong" | "note"; readonly text: string };

const DAY_MS = 86_400_000;

export async function checkConfig(found: FoundConfig, nowMs: number): Promise<ConfigRemark[]> {
  const { settings, dataFolder, file } = found;
  return [
    ...checkSecrets(settings, file),
    ...checkFolder(dataFolder),
    ...(await checkCertificates(found, nowMs)),
    ...checkClientAnchors(settings),
    ...settings.aliasFiles
      .filter(({ path }) => !existsSync(path))
      .map(({ path }) => wrong(`alias file ${path}: there is no such file`)),
    ...(await checkMaps(settings)),
    ...(settings.hostname.includes(".")
      ? []
      : [
          note(
            `hostname is "${settings.hostname}": other servers will want a full name such as mail.example.org`,
          ),
        ]),
  ];
}

/** What is wrong in the address tables and the texts of reports, with file and line. */
async function checkMaps({ maps, reports }: Settings): Promise<ConfigRemark[]> {
  const tables = new AddressMaps(maps, { recipientDelimiter: "", isOurDomain: () => false });
  const { templates: folder, language } = reports;
  const templates = new ReportTemplates({ folder, language });
  const problems = [...(await tables.load()), ...(await templates.load())];
  return problems.map(({ path, line, problem }) => wrong(`${path}:${line}: ${problem}`));
}

function checkSecrets(settings: Settings, file: string | undefined): ConfigRemark[] {
  const hasSecrets =
    settings.smarthost.password !== undefined ||
    settings.login.oauth.clientSecret !== undefined ||
    settings.routes.some(({ password }) => password !== undefined);
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
  return days < 14 ? [note(`${file} expires in ${days} days`)] : [];
}

const wrong = (text: string): ConfigRemark => ({ level: "wrong", text });
const note = (text: string): ConfigRemark => ({ level: "note", text });
