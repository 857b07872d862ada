/**
 * Texts of reports that a site has written, read from a folder: `failed.txt`, `delayed.txt`,
 * `success.txt`, `relayed.txt`, `expanded.txt`, and `hints.txt` with a sentence for each status code.
 * A sub-folder named after a language or a domain holds the same for those. A file with a fault is
 * told with its line and not used.
 */

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { whyUnreadable, type FileProblem } from "../aliases/file-problem.ts";
import type { TemplateConfig } from "../config.ts";
import { parseMapFile } from "../maps/parse-map-file.ts";
import { DEFAULT_TEMPLATES, TEMPLATE_KINDS, type TemplateKind } from "./default-templates.ts";
import { parseTemplate, type ReportTemplate } from "./report-template.ts";
import { statusHint } from "./status-hint.ts";

type Texts = {
  readonly templates: ReadonlyMap<TemplateKind, ReportTemplate>;
  /** By status code, as in `hints.txt`: `5.1.1`, or `1.1` for both classes. */
  readonly hints: ReadonlyMap<string, string>;
};

const MAX_FILE_OCTETS = 256 * 1024;

export class ReportTemplates {
  readonly #config: TemplateConfig;
  /** By sub-folder; "" is the folder itself. */
  #texts: ReadonlyMap<string, Texts> = new Map();

  constructor(config: TemplateConfig) {
    this.#config = config;
  }

  async load(): Promise<readonly FileProblem[]> {
    const { folder, language } = this.#config;
    if (folder === undefined) return [];
    const problems: FileProblem[] = [];
    const texts = new Map<string, Texts>();
    try {
      texts.set("", await readTexts(folder, problems));
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        if (!entry.isDirectory()) continue;
        texts.set(entry.name.toLowerCase(), await readTexts(join(folder, entry.name), problems));
      }
    } catch (error) {
      return [{ path: folder, line: 0, problem: whyUnreadable(error) }];
    }
    if (language !== undefined && !texts.has(language)) {
      problems.push({ path: folder, line: 0, problem: `there is no folder "${language}" in it` });
    }
    this.#texts = texts;
    return problems;
  }

  /** For a reader whose address is in `domain`. */
  template(kind: TemplateKind, domain: string): ReportTemplate | undefined {
    for (const texts of this.#for(domain)) {
      const found = texts.templates.get(kind);
      if (found !== undefined) return found;
    }
    return DEFAULT_TEMPLATES.get(kind);
  }

  /** What a status code means, in the reader's language. */
  hint(status: string, domain: string): string | undefined {
    const [, subject, detail] = status.split(".");
    for (const { hints } of this.#for(domain)) {
      const found = hints.get(status) ?? hints.get(`${subject}.${detail}`) ?? hints.get(subject);
      if (found !== undefined) return found;
    }
    return statusHint(status);
  }

  #for(domain: string): Texts[] {
    const names = [domain, this.#config.language, ""];
    return names.flatMap((name) => (name === undefined ? [] : (this.#texts.get(name) ?? [])));
  }
}

async function readTexts(folder: string, problems: FileProblem[]): Promise<Texts> {
  const templates = new Map<TemplateKind, ReportTemplate>();
  for (const kind of TEMPLATE_KINDS) {
    const path = join(folder, `${kind}.txt`);
    const text = await readIfThere(path, problems);
    if (text === undefined) continue;
    const parsed = parseTemplate(text);
    if (parsed.ok) templates.set(kind, parsed.template);
    else problems.push(...parsed.problems.map((found) => ({ path, ...found })));
  }
  const path = join(folder, "hints.txt");
  const parsed = parseMapFile((await readIfThere(path, problems)) ?? "");
  problems.push(...parsed.problems.map((found) => ({ path, ...found })));
  const hints = new Map(parsed.entries.map(({ key, value }) => [key, value]));
  return { templates, hints };
}

async function readIfThere(path: string, problems: FileProblem[]): Promise<string | undefined> {
  try {
    if ((await stat(path)).size <= MAX_FILE_OCTETS) return await readFile(path, "utf8");
    problems.push({ path, line: 0, problem: "it is larger than 256 KB" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    problems.push({ path, line: 0, problem: whyUnreadable(error) });
  }
  return undefined;
}
