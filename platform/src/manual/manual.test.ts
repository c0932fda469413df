import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { dirname, posix } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { z } from "zod";
import { createManualPages } from "./manual-pages.ts";
import { makeManual } from "./manual.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const consoleFolder = fileURLToPath(new URL("../../../console", import.meta.url));
const whole = makeManual(root); // once for all tests
/** An island carries it, and a slow line brings its first page. */
const wholeBytesMax = 1_900_000;
const firstBytesMax = 30_000;
const searchBytesMax = 300_000;

test("the manual: every link leads to a page and a heading that are there, nothing is loaded from elsewhere, and all of it stays small", async () => {
  const pages = await whole;
  const zipped = (address: string): number => gzipSync(pages.get(address) ?? "").length;
  const idsOf = new Map([...pages].map(([address, text]) => [address, new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id = ""]) => id))]));
  const bad: string[] = [];
  for (const [address, text] of pages) {
    if (!address.endsWith(".html")) continue;
    for (const [, target = ""] of text.matchAll(/<a [^>]*href="([^"]*)"/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const to = path === "" ? address : posix.join(dirname(address), path);
      if (!pages.has(to) || (anchor !== undefined && idsOf.get(to)?.has(anchor) !== true)) bad.push(`${address}: ${target}`);
    }
    for (const [, loaded = ""] of text.matchAll(/<(?:link|script|img)[^>]*(?:href|src)="([^"]*)"/g)) {
      if (!loaded.startsWith("data:") && !pages.has(posix.join(dirname(address), loaded))) bad.push(`${address} loads ${loaded}`);
    }
    assert.doesNotMatch(text, /<script>|<style|style=| on\w+="/, address);
    assert.equal(text.match(/<h1>/g)?.length, 1, `${address} has one title`);
  }
  assert.deepEqual(bad, []);
  assert.ok(pages.size > 60);
  const bytes = [...pages.keys()].reduce((sum, address) => sum + zipped(address), 0);
  assert.ok(bytes < wholeBytesMax, `all of it has ${bytes} bytes`);
  const first = ["index.html", "manual.css", "manual.js"].reduce((sum, address) => sum + zipped(address), 0);
  assert.ok(first < firstBytesMax, `the first page has ${first} bytes`);
  assert.ok(zipped("search.json") < searchBytesMax, `the search has ${zipped("search.json")} bytes`);
});

test("each entry of the search leads to its page and heading", async () => {
  const pages = await whole;
  const entries = z.array(z.tuple([z.string(), z.string(), z.string(), z.string()])).parse(JSON.parse(pages.get("search.json") ?? ""));
  for (const [address] of entries) {
    const [path = "", anchor] = address.split("#");
    assert.ok(pages.get(path)?.includes(anchor === undefined ? "" : ` id="${anchor}"`), address);
  }
  assert.ok(entries.some(([address, , heading]) => address.startsWith("concepts/people.html#") && heading === "Roles"));
});

test("a server gives it under /docs, page by page, and an installation without the documentation gives none", async () => {
  const served = createManualPages(root, consoleFolder);
  const text = new TextDecoder();
  assert.match(text.decode((await served.find("/docs/"))?.bytes), /<h1>Holon/);
  assert.match(text.decode((await served.find("/docs/concepts/people.html"))?.bytes), /aria-current="page"/);
  assert.match(text.decode((await served.find("/docs"))?.bytes), /url=\/docs\//);
  for (const path of ["/docs/none.html", "/docs/../package.json", "/v1/health", "/"]) assert.equal(await served.find(path), undefined, path);
  assert.equal(await createManualPages(consoleFolder, consoleFolder).find("/docs/"), undefined);
});
