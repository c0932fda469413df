/** What pages say of commands is held to the program, also where nobody runs it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import type { Command } from "commander";
import { createProgram } from "@holon/cli/program.ts";
import { listPaths, repositoryRoot } from "../check/files.ts";
import { commandsOf, readBlocks } from "./blocks.ts";
import { says, saysAmongMore } from "./compare.ts";
import { notRun, readPages } from "./pages.ts";
import { withSaid } from "./write.ts";

const program = createProgram(() => new AbortController().signal);
const pages = readPages();
/** Commands stand in their comments. */
const files = listPaths().filter((path) => /^docs\/.*\.ya?ml$/.test(path)).map((path) => ({ path, text: readFileSync(join(repositoryRoot, path), "utf8").replaceAll(/^ *# ?/gm, "") }));

/** Every `holon …` of a page: in its text, and at the beginning of a line of its blocks. */
function spoken(text: string): readonly string[] {
  const inText = [...text.matchAll(/(?<!`)`(?:npx )?holon ([^`\n]+)`(?!`)/g)].map(([, words = ""]) => words);
  const inLines = [...text.matchAll(/^(?: {4})?(?:\$ )?(?:npx )?holon (?! )((?:.*\\\n)*.*)$/gm)].map(([, words = ""]) => words.replaceAll("\\\n", " "));
  return [...inText, ...inLines];
}

/** What is wrong with the words, undefined where nothing is. Words in capitals or in brackets stand for others; of `cut|heal` each is meant. */
function problemOf(words: string): string | undefined {
  const [line = ""] = words.split(/\s#|\s\s+|[;&>]|\s\|\s/);
  const tokens = line.replace(/'[^']*'|"[^"]*"/g, "VALUE").split(/\s+/).filter((word) => word !== "");
  const [first = ""] = tokens;
  if (words.includes("\\n") || !/^[a-z][a-z-]*(?:\|[a-z-]+)*$/.test(first)) return undefined;
  return first.split("|").map((name) => ofCommand(program, [name, ...tokens.slice(1)])).find((problem) => problem !== undefined);
}

function ofCommand(command: Command, [name = "", ...rest]: readonly string[]): string | undefined {
  const found = command.commands.find((sub) => sub.name() === name);
  if (found === undefined) return `there is no ${name}`;
  const [next = ""] = rest;
  if (found.commands.length > 0 && /^[a-z-]+(?:\|[a-z-]+)*$/.test(next)) return next.split("|").map((verb) => ofCommand(found, [verb, ...rest.slice(1)])).find((problem) => problem !== undefined);
  const unknown = rest.map((word) => word.replace(/^\[|[\].,:]+$/g, "").split("=")[0] ?? "").find((word) => word.startsWith("--") && !found.options.some(({ long }) => long === word));
  return unknown === undefined ? undefined : `${found.name()} has no ${unknown}`;
}

test("every command of holon that a page names is there, with the options that it is named with", () => {
  const bad = [...pages, ...files].flatMap(({ path, text }) => spoken(text).flatMap((words) => {
    const problem = problemOf(words);
    return problem === undefined ? [] : [`${path}: holon ${words.split("\n")[0]}: ${problem}`];
  }));
  assert.deepEqual(bad, []);
});

test("a folder's own page lists every other page of it", () => {
  const bad = pages.filter(({ path }) => /^docs\/.*\/README\.md$/.test(path)).flatMap((list) =>
    pages.filter((page) => page !== list && dirname(page.path) === dirname(list.path) && !list.text.includes(`](${basename(page.path)})`)).map(({ path }) => `${list.path} does not list ${path}`));
  assert.deepEqual(bad, []);
});

test("a block with commands says in its fence that it is one, so that it is run", () => {
  const isTold = ({ language }: { readonly language: string }): boolean => language === "sh" || language === "console";
  const bad = pages.flatMap(({ path, blocks }) => blocks.flatMap((block) => (!isTold(block) && /^(?:\$ |(?:npx )?holon )/m.test(block.code) ? [`${path}:${block.line}`] : [])));
  assert.deepEqual(bad, []);
});

test("a page shows no command in an indented block: nobody would run it", () => {
  const of = (path: string): boolean => path.startsWith("docs/concepts/") || path.startsWith("docs/guides/") || path.startsWith("docs/start/") || path === "README.md";
  const bad = pages.filter(({ path }) => of(path)).flatMap(({ path, text }) => [...text.matchAll(/^ {4}(?:\$ |(?:npx )?holon |npm ).*$/gm)].map(([line]) => `${path}: ${line.trim()}`));
  assert.deepEqual(bad, []);
});

test("what nobody runs says why", () => {
  for (const line of notRun(pages)) assert.match(line, /:\d+: \S+ \S+/);
});

test("a block is read with its marks, its file and its commands", () => {
  const text = "# a\n\n```console again figures\n$ holon node list \\\n  --json\none\ntwo\n$ ls\n^C\n```\n\n```yaml file=a.yaml\na: 1\n```\n\n<!-- run sh\nrm x\n-->\n```sh not run: no network\ngit pull\n```\n<!-- needs: curl jq -->\n";
  const { blocks, needs } = readBlocks(text);
  assert.deepEqual(needs, ["curl", "jq"]);
  const [first, second, third, fourth] = blocks;
  assert.ok(first !== undefined && blocks.length === 4);
  assert.deepEqual(commandsOf(first), [{ text: "holon node list \\\n  --json", says: "one\ntwo" }, { text: "ls", says: "" }, { text: "^C", says: "" }]);
  assert.deepEqual([...first.marks], ["again", "figures"]);
  assert.deepEqual([second?.file, second?.code, third?.isShown, third?.code, fourth?.notRun], ["a.yaml", "a: 1\n", false, "rm x\n", "no network"]);
  assert.equal(withSaid(text, [{ line: 3, code: "$ ls\nthree\n" }]).split("\n").slice(2, 6).join("|"), "```console again figures|$ ls|three|```");
});

test("times, hashes, sizes and the widths of columns may be others; words and counts may not", () => {
  const same = (shown: string, said: string, figures = false): boolean => says(shown, said, { figures });
  assert.ok(same("NODE   SINCE\na      2026-01-01T00:00:00.000Z  10 KiB", "NODE  SINCE\na     2027-02-02T01:01:01.500Z 9.5 MiB\n"));
  assert.ok(same("deployed a 0.1.0 as 5a1b2c3d4e", "deployed a 0.1.0 as 0f9e8d7c6b"));
  assert.ok(!same("deployed a 0.1.0", "deployed b 0.1.0"));
  assert.ok(!same("3 nodes", "2 nodes"));
  assert.ok(same("3 nodes", "2 nodes", true));
  assert.ok(same("first\n…\nlast", "first\na\nb\nlast"));
  assert.ok(!same("first\n…\nlast", "first\na\nb"));
  assert.ok(same("open since … ago", "open since yesterday ago"));
  assert.ok(!same("one", ""));
  assert.ok(same("", "\n"));
  assert.ok(saysAmongMore("b\nd", "a\nb\nc\nd\ne", { figures: false }));
  assert.ok(!saysAmongMore("d\nb", "a\nb\nc\nd\ne", { figures: false }));
});
