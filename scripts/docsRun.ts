/**
 * Does what the pages say: `node scripts/docsRun.ts [PAGE…]`, without a page all of them. `--write` puts what came into the pages; `--list` tells what is
 * run and what is not, and why.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { repositoryRoot } from "./check/files.ts";
import { runApart, whyNotApart } from "./docs/apart.ts";
import { hasCommands, lacks, notRun, readPages } from "./docs/pages.ts";
import { withSaid } from "./docs/write.ts";

const { values: flags, positionals } = parseArgs({ allowPositionals: true, options: { write: { type: "boolean" }, list: { type: "boolean" } } });
const ended = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ended.abort());
const all = readPages();
const pages = all.filter((page) => hasCommands(page) && (positionals.length === 0 || positionals.includes(page.path)));
const reason = whyNotApart();
if (flags.list) list();
else if (reason !== undefined || pages.length === 0) {
  console.error(reason ?? "no such page has commands");
  process.exitCode = 1;
} else for (const page of pages) await one(page);

async function one(page: (typeof pages)[number]): Promise<void> {
  const lacking = lacks(page);
  if (lacking.length > 0) return console.log(`${page.path}: not run without ${lacking.join(", ")}`);
  const startMs = performance.now();
  const { commands, problems, said } = await runApart(page.path, { goOn: flags.write === true, signal: ended.signal });
  console.log(`${page.path}: ${commands} commands, ${problems.length} problems, ${((performance.now() - startMs) / 1_000).toFixed(1)} s`);
  for (const problem of problems) console.log(problem.replace(/^/gm, "  "));
  if (problems.length > 0) process.exitCode = 1;
  if (flags.write !== true || said.length === 0) return;
  const file = join(repositoryRoot, page.path);
  writeFileSync(file, withSaid(readFileSync(file, "utf8"), said));
}

function list(): void {
  for (const page of pages) console.log(`${page.path}${page.needs.length > 0 ? ` (needs ${page.needs.join(", ")})` : ""}`);
  const unrun = notRun(all);
  console.log(`\n${pages.length} pages are run, ${unrun.length} blocks are not:`);
  for (const line of unrun) console.log(line);
}
