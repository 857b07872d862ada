/**
 * The layer rule: every folder of `src/` is a layer, the `references` of its tsconfig.json are the
 * only layers it may import, pure layers (no `types`) import no `node:` module, and no file imports
 * itself by any way around. The compiler refuses unlisted layers too; this check also finds cycles
 * and says both in a sentence.
 */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

export type LayerProblem = { readonly file: string; readonly problem: string };

type Layer = {
  readonly name: string;
  readonly mayImport: ReadonlySet<string>;
  readonly isPure: boolean;
};

const IMPORT =
  /(?:^|[\s;}])(?:import|export)\s(?:[^"';]*?\sfrom\s*)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g;

/** `root` holds `src/`. Problems in the order of file names; none means the house is in order. */
export function checkLayers(root: string): LayerProblem[] {
  const source = join(root, "src");
  const layers = new Map(readLayers(source).map((layer) => [layer.name, layer]));
  const problems: LayerProblem[] = [];
  const imports = new Map<string, string[]>();
  for (const file of listSources(source)) {
    const from = relative(source, file);
    const layer = layers.get(layerOf(from));
    if (layer === undefined) {
      problems.push({ file: from, problem: "stands in no layer: its folder has no tsconfig.json" });
      continue;
    }
    const targets: string[] = [];
    for (const specifier of importsOf(file)) {
      if (!specifier.startsWith(".")) {
        if (layer.isPure && specifier.startsWith("node:")) {
          problems.push({
            file: from,
            problem: `imports ${specifier}, but ${layer.name}/ is a pure layer`,
          });
        }
        continue;
      }
      const target = relative(source, resolve(dirname(file), specifier));
      targets.push(target);
      const targetLayer = layerOf(target);
      if (targetLayer !== layer.name && !layer.mayImport.has(targetLayer)) {
        problems.push({
          file: from,
          problem: `imports ${target}, but ${layer.name}/ may import only ${[...layer.mayImport].join(", ") || "nothing"}`,
        });
      }
    }
    imports.set(from, targets);
  }
  for (const cycle of findCycles(imports)) {
    problems.push({
      file: cycle[0],
      problem: `imports itself by way of ${cycle.slice(1).join(" -> ")}`,
    });
  }
  return problems;
}

function readLayers(source: string): Layer[] {
  return readdirSync(source, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => {
      let text: string;
      try {
        text = readFileSync(join(source, entry.name, "tsconfig.json"), "utf8");
      } catch {
        return [];
      }
      const config = JSON.parse(text) as {
        compilerOptions?: { types?: string[] };
        references?: { path: string }[];
      };
      const mayImport = (config.references ?? []).map((reference) =>
        reference.path.replace("../", ""),
      );
      const isPure = (config.compilerOptions?.types ?? []).length === 0;
      return [{ name: entry.name, mayImport: new Set(mayImport), isPure }];
    });
}

/** Tests may reach further (a protocol test over real sockets, say), so they are not layers' members. */
function listSources(source: string): string[] {
  return readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .filter((entry) => !entry.name.endsWith(".test.ts") && !entry.name.endsWith(".d.ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function importsOf(file: string): string[] {
  const code = readFileSync(file, "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "");
  return [...code.matchAll(IMPORT)].map((match) => match[1] ?? match[2]);
}

function layerOf(path: string): string {
  return path.split("/")[0];
}

/** Strongly connected groups of more than one file (Tarjan), each as a closed path. */
function findCycles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const state = new Map<string, "open" | "done">();
  const path: string[] = [];
  const visit = (file: string): void => {
    state.set(file, "open");
    path.push(file);
    for (const target of imports.get(file) ?? []) {
      if (state.get(target) === "open") cycles.push([...path.slice(path.indexOf(target)), target]);
      else if (!state.has(target) && imports.has(target)) visit(target);
    }
    path.pop();
    state.set(file, "done");
  };
  for (const file of imports.keys()) if (!state.has(file)) visit(file);
  return cycles;
}
