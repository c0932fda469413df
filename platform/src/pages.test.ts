import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { get } from "node:http";
import { serveRoutes } from "./http.ts";
import { browsers, createPages, type Page } from "./pages.ts";

const folder = fileURLToPath(new URL("../../console", import.meta.url));
const concept = fileURLToPath(new URL("../../docs/concepts/console.md", import.meta.url));
const wholeBytesMax = 150 * 1_024;

test("the console is made from its sources, small, without inline code, each file under a name of its content", async () => {
  const pages = createPages(folder, "node");
  const text = (page: Page | undefined): string => new TextDecoder().decode(page?.bytes);
  const html = text(await pages.find("/"));
  assert.match(html, /<meta name="holon" content="node">/);
  const first = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = ""]) => path);
  assert.equal(first.length, 2, html);
  assert.doesNotMatch(html, /<script>|<style|style=| on\w+=/);
  const loaded = new Map<string, Page>();
  const load = async (path: string): Promise<void> => {
    const page = await pages.find(path);
    assert.ok(page?.isFixed, path);
    if (loaded.has(path)) return;
    loaded.set(path, page);
    assert.deepEqual(new Uint8Array(gunzipSync(page.zipped)), new Uint8Array(page.bytes));
    for (const [, chunk = ""] of text(page).matchAll(/"\.\/([\w.-]+\.js)"/g)) await load(`/assets/${chunk}`);
  };
  for (const path of first) await load(path);
  const zipped = [...loaded.values()].reduce((sum, page) => sum + page.zipped.length, 0);
  assert.ok(loaded.size > 4, "what the first view does not need stands apart");
  assert.ok(zipped < wholeBytesMax, `all of it has ${zipped} bytes`);
  assert.equal(await pages.find("/assets/none.js"), undefined);
  assert.equal(await pages.find("/v1/health"), undefined);
});

test("pages come zipped to who accepts that, need no token, and let nothing in from elsewhere", async (context) => {
  const server = await serveRoutes({ address: "127.0.0.1:0", routes: [], token: "secret", title: "t", version: "1", pages: createPages(folder, "control") });
  context.after(() => server.close());
  const plain = await fetch(server.address);
  assert.equal(plain.status, 200);
  const policy = plain.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  assert.equal(plain.headers.get("cache-control"), "no-store");
  const asked = new Promise<string | undefined>((resolve, reject) => {
    get(server.address, { headers: { "accept-encoding": "gzip" } }, (response) => {
      response.resume();
      resolve(response.headers["content-encoding"]);
    }).on("error", reject);
  });
  assert.equal(await asked, "gzip");
  assert.equal((await fetch(`${server.address}/assets/none.js`)).status, 404);
  assert.equal((await fetch(server.address, { method: "POST" })).status, 404);
});

test("people are told of the browsers that the pages are made for", () => {
  const told = browsers.map((browser) => browser.replace(/^[a-z]+/, (name) => `${name.charAt(0).toUpperCase()}${name.slice(1)} `)).join(", ");
  assert.ok(readFileSync(concept, "utf8").includes(told), told);
});
