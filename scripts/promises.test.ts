/** What the pages on promises and invariants name is there: tests by file and title, scenarios, and for each reported pain something that carries its number. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { scenarios } from "@holon/sim/run.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const testFiles = globSync("{core,node,control,platform,sim,sdk,cli,scripts,examples,console}/**/*.test.ts", { cwd: root, exclude: (path) => path.includes("node_modules") });
const sourceFiles = globSync("{core,node,control,platform,sim,sdk,cli,scripts}/**/*.ts", { cwd: root, exclude: (path) => path.includes("node_modules") });
const page = "docs/concepts/promises.md";
const pages = [page, "docs/internals/log.md", "docs/internals/link.md", "docs/internals/site.md", "ARCHITECTURE.md"];

/** Source files in backticks, each with the titles in quotes that follow it before the next file or the end of the sentence's paragraph. */
function named(text: string): readonly { readonly file: string; readonly titles: readonly string[] }[] {
  const flat = text.replace(/\n(?!\n|\d+\. |\| |- |#)\s*/g, " ");
  return [...flat.matchAll(/`([\w./-]+\.ts)`((?:[,:;]?\s*(?:and\s+)?"[^"\n]+")*)/g)].map(([, file = "", rest = ""]) => ({ file, titles: [...rest.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => title) }));
}

const filesOf = (file: string): readonly string[] => (file.includes("/") ? (existsSync(join(root, file)) ? [file] : []) : sourceFiles.filter((path) => basename(path) === file));

for (const path of pages) {
  test(`${path}: each source file and each test that it names is there`, () => {
    const missing = named(read(path)).flatMap(({ file, titles }) => {
      const files = filesOf(file);
      if (files.length === 0) return [file];
      return titles.filter((title) => !files.some((candidate) => read(candidate).includes(title))).map((title) => `${file}, "${title}"`);
    });
    assert.deepEqual(missing, []);
  });
}

test("each command names a scenario that there is", () => {
  const commanded = [...read(page).matchAll(/--scenario ([\w-]+)/g)].map(([, name = ""]) => name);
  assert.deepEqual(commanded.filter((name) => !scenarios.has(name)), []);
});

test("each pain on the page is carried by a scenario or by the title of a test, and the other way round", () => {
  const numbers = (text: string): readonly string[] => text.match(/#\d{2,}/g) ?? [];
  const [shown = ""] = read(page).split("## Not yet shown");
  const promised = new Set(numbers(shown));
  const inScenarios = [...scenarios.values()].flatMap(({ pains = [] }) => numbers(pains.join(" ")));
  const inTitles = testFiles.flatMap((file) => [...read(file).matchAll(/\b(?:test|it|turn|planted|acts)\(\s*["`]([^"`\n]+)/g)].flatMap(([, title = ""]) => numbers(title)));
  const carried = new Set([...inScenarios, ...inTitles]);
  assert.deepEqual([...promised].filter((number) => !carried.has(number)), [], "promised and not carried");
  assert.deepEqual(inScenarios.filter((number) => !promised.has(number)), [], "carried and not promised");
});

for (const path of ["docs/internals/log.md", "docs/internals/link.md"]) {
  test(`${path}: invariants are numbered without a break, and each says what enforces it`, () => {
    const [, rest = ""] = read(path).split("## Invariants");
    const [body = ""] = rest.split(/\n## /);
    const invariants = body.split(/\n(?=\d+\. \*\*)/).slice(1);
    assert.deepEqual(invariants.map((text) => Number(text.split(".")[0])), invariants.map((_, index) => index + 1));
    assert.deepEqual(invariants.filter((text) => !text.includes("Enforced by")).map((text) => text.split("\n")[0]), []);
  });
}
