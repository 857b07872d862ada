/**
 * Relative paths in the configuration start at the folder of its file, wherever the server was
 * started. Transports are not here: their files and programs must be written with their whole path.
 */

import { resolve } from "node:path";
import type { Settings } from "./settings-shape.ts";

export function withAbsolutePaths(settings: Settings, base: string): Settings {
  const absolute = (path: string): string => resolve(base, path);
  return {
    ...settings,
    dataFolder: absolute(settings.dataFolder),
    tls: {
      ...settings.tls,
      certificates: settings.tls.certificates.map(({ certificate, key }) => ({
        certificate: absolute(certificate),
        key: absolute(key),
      })),
      clientAnchors: settings.tls.clientAnchors.map(absolute),
    },
    login: {
      ...settings.login,
      oauth: { ...settings.login.oauth, keySet: absoluteFile(settings.login.oauth.keySet, base) },
    },
    aliasFiles: settings.aliasFiles.map((entry) => ({
      ...entry,
      path: absolute(entry.path),
      includeFolders: entry.includeFolders.map(absolute),
      fileFolders: entry.fileFolders.map(absolute),
      commands: entry.commands.map(absolute),
    })),
    maps: {
      ...settings.maps,
      canonical: settings.maps.canonical.map(absolute),
      senderCanonical: settings.maps.senderCanonical.map(absolute),
      recipientCanonical: settings.maps.recipientCanonical.map(absolute),
      virtual: settings.maps.virtual.map(absolute),
      relocated: settings.maps.relocated.map(absolute),
    },
    reports: {
      ...settings.reports,
      templates: settings.reports.templates && absolute(settings.reports.templates),
    },
  };
}

/** A key set may also be at a web address, which stays as it is. */
function absoluteFile(place: string | undefined, base: string): string | undefined {
  return place === undefined || /^https?:/.test(place) ? place : resolve(base, place);
}
