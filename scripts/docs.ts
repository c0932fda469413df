/** `npm run docs`: writes the manual as a folder of static pages. `--out FOLDER` (dist/docs). */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { makeManual } from "@holon/platform/manual/manual.ts";
import { repositoryRoot } from "./check/files.ts";

const { values: flags } = parseArgs({ options: { out: { type: "string" } } });
const out = flags.out ?? join("dist", "docs");
const pages = await makeManual(repositoryRoot);
for (const [address, text] of pages) {
  const file = join(resolve(out), address);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
const kilobytes = [...pages.values()].reduce((sum, text) => sum + gzipSync(text).length, 0) / 1_000;
console.log(`${out}: ${[...pages.keys()].filter((address) => address.endsWith(".html")).length} pages, ${Math.round(kilobytes)} kB zipped`);
