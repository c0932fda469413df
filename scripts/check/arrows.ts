/**
 * The arrows of the house: who may import whom, and which packages from outside.
 *
 * Tests may import more: `node:*`, `platform` and `sim` (one contract suite runs on both), packages of the root manifest, and
 * `scripts/testing`. What ships never imports what only tests use.
 */
import { posix } from "node:path";
import { findingAt, type Finding, type TextFile } from "./finding.ts";
import { importsOf, type Import } from "./imports.ts";
import { isSource, isTest, workspaceOf, type Workspace } from "./workspaces.ts";

interface Rule {
  readonly workspaces: readonly string[];
  /** Only through `import()`, or for types. */
  readonly lazy?: readonly string[];
  /** Only for types. */
  readonly types?: readonly string[];
  /** Whether Node's own modules may be imported. */
  readonly builtins: boolean;
  /** Undefined: whatever the workspace's own manifest declares. */
  readonly packages?: readonly string[];
}

const rules: Readonly<Record<Workspace, Rule>> = {
  core: { workspaces: [], builtins: false, packages: ["zod"] },
  node: { workspaces: ["core"], builtins: false, packages: ["zod"] },
  control: { workspaces: ["core"], builtins: false, packages: ["zod"] },
  sdk: { workspaces: ["core"], builtins: false },
  platform: { workspaces: ["core"], builtins: true },
  sim: { workspaces: ["core", "node", "control"], builtins: true },
  cli: { workspaces: ["core", "node", "control", "platform", "sdk"], lazy: ["sim"], builtins: true },
  console: { workspaces: [], types: ["core"], builtins: false },
  bench: { workspaces: ["core", "node", "control", "platform", "sdk"], builtins: true },
  examples: { workspaces: ["sdk"], builtins: false },
  scripts: { workspaces: ["core", "node", "control", "platform", "sim", "sdk", "cli", "bench"], builtins: true },
};

/** Beyond their workspace's own rule. Examples are tried through the whole house. */
const testWorkspaces = ["platform", "sim"];
const exampleTestWorkspaces = ["core", "node", "control", "platform", "sim", "sdk", "cli"];

/** Packages that each manifest declares, by folder; the root manifest is at the empty folder. */
export type Declared = ReadonlyMap<string, ReadonlySet<string>>;

/** Imports that go against the arrows, leave their workspace, or name a package that is not allowed or not declared. */
export function checkArrows(files: readonly TextFile[], declared: Declared): readonly Finding[] {
  return files.flatMap((file) => {
    const home = workspaceOf(file.path);
    if (home === undefined || !isSource(file.path)) return [];
    return importsOf(file.text).flatMap((imported) => {
      const problem = problemOf(imported, { path: file.path, ...home, test: isTest(file.path) }, declared);
      return problem === undefined ? [] : [findingAt(file, imported.offset, problem)];
    });
  });
}

interface Place {
  readonly path: string;
  readonly workspace: Workspace;
  readonly root: string;
  readonly test: boolean;
}

function problemOf(imported: Import, place: Place, declared: Declared): string | undefined {
  const { specifier } = imported;
  const builtins = rules[place.workspace].builtins || place.test || isTool(place);
  if (specifier === undefined) {
    return builtins ? undefined : `${place.workspace} imports a computed name, which cannot be checked`;
  }
  if (specifier.startsWith(".")) return relativeProblem(specifier, place);
  if (specifier.startsWith("@holon/")) return workspaceProblem(imported, specifier, place, declared);
  if (specifier.startsWith("node:")) {
    return builtins ? undefined : `${place.workspace} may not import ${specifier}: the outside world is behind ports`;
  }
  return packageProblem(packageName(specifier), place, declared);
}

/** What an example runs while it is made, beside its `src`, for example to write a model file. */
const isTool = ({ workspace, root, path }: Place): boolean =>
  workspace === "examples" && !path.startsWith(`${root}/src/`) && path !== `${root}/holon.app.ts`;

function relativeProblem(specifier: string, place: Place): string | undefined {
  const target = posix.join(posix.dirname(place.path), specifier);
  if (place.test && target.startsWith("scripts/testing/")) return undefined;
  if (!target.startsWith(`${place.root}/`)) return `relative import leaves ${place.root}: ${specifier}`;
  if (!place.test && isTest(target)) return `${specifier} is for tests only`;
  return undefined;
}

function workspaceProblem(imported: Import, specifier: string, place: Place, declared: Declared): string | undefined {
  const { workspace, test } = place;
  const rule = rules[workspace];
  const target = specifier.split("/")[1] ?? "";
  if (target === workspace) return `${specifier} is this workspace: import the file itself`;
  const extra = test ? (workspace === "examples" ? exampleTestWorkspaces : testWorkspaces) : [];
  const lazyOrType = (rule.lazy?.includes(target) ?? false) && imported.kind !== "static";
  const typeOnly = (rule.types?.includes(target) ?? false) && imported.kind === "type";
  if (!rule.workspaces.includes(target) && !extra.includes(target) && !lazyOrType && !typeOnly) {
    const how = rule.lazy?.includes(target) ? ", except by import()" : rule.types?.includes(target) ? ", except for types" : "";
    return `${workspace} may not import ${target}${how}`;
  }
  return isDeclared(`@holon/${target}`, place, declared) || test ? undefined : `@holon/${target} is not in ${place.root}/package.json`;
}

function packageProblem(name: string, place: Place, declared: Declared): string | undefined {
  const rule = rules[place.workspace];
  if (place.test && isDeclaredAt("", name, declared)) return undefined;
  if (rule.packages !== undefined && !rule.packages.includes(name)) {
    return `${place.workspace} may not import ${name}: allowed are ${rule.packages.join(", ")}`;
  }
  if (isDeclared(name, place, declared)) return undefined;
  // A test may use what its own workspace or any workspace that it may import brings along.
  if (place.test && [...declared.values()].some((names) => names.has(name))) return undefined;
  return `${name} is not in ${place.root === "scripts" ? "" : `${place.root}/`}package.json`;
}

function isDeclared(name: string, place: Place, declared: Declared): boolean {
  // Scripts have no manifest of their own; the root manifest's workspaces are linked for them.
  if (place.workspace === "scripts") return name.startsWith("@holon/") || isDeclaredAt("", name, declared);
  return isDeclaredAt(place.root, name, declared);
}

const isDeclaredAt = (folder: string, name: string, declared: Declared): boolean => declared.get(folder)?.has(name) ?? false;

const packageName = (specifier: string): string => specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
