/**
 * The manual: the documentation of the repository as pages for a browser, for a folder (`npm run docs`) and from every node that has the documentation
 * with it, so that an island has it too. A page is made when somebody first asks for it, and kept; nothing of it is read before.
 */
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip, gzipSync } from "node:zlib";
import { browsers, type Page, type Pages } from "../pages.ts";
import { layOut, type Assets } from "./layout.ts";
import { toHtml } from "./markdown.ts";
import { searchIndex } from "./search-index.ts";
import { readSources } from "./sources.ts";

const zip = promisify(gzip);
const types = { html: "text/html; charset=utf-8", css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8", json: "application/json" } as const;
const assets: Assets = { style: "manual.css", script: "manual.js" };

export interface Manual {
  /** Every address there is. */
  readonly addresses: readonly string[];
  make(address: string): Promise<{ readonly text: string; readonly type: keyof typeof types } | undefined>;
}

/** `root` is the folder of the repository; `consoleFolder` has the parts that run in the browser. Undefined where there is no documentation. */
export async function openManual(root: string, consoleFolder: string): Promise<Manual | undefined> {
  const sources = await readSources(root);
  if (sources === undefined) return undefined;
  const pages = new Map([...sources.byPath.values()].map((page) => [page.address, page]));
  let browserParts: ReturnType<typeof makeBrowserParts> | undefined;
  return {
    addresses: [...pages.keys(), "search.json", assets.style, assets.script],
    async make(address) {
      const page = pages.get(address);
      if (page !== undefined) return { text: layOut(sources, page, toHtml(sources, page), assets), type: "html" };
      if (address === "search.json") return { text: JSON.stringify(searchIndex(sources)), type: "json" };
      if (address !== assets.style && address !== assets.script) return undefined;
      browserParts ??= makeBrowserParts(consoleFolder).catch((error: unknown) => {
        browserParts = undefined; // tried again with the next request
        throw error;
      });
      const parts = await browserParts;
      return address === assets.style ? { text: parts.css, type: "css" } : { text: parts.js, type: "js" };
    },
  };
}

async function makeBrowserParts(folder: string): Promise<{ readonly css: string; readonly js: string }> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({ absWorkingDir: folder, entryPoints: ["src/manual.ts", "src/style/manual.css"], outdir: "out", bundle: true, write: false, minify: true, legalComments: "none", format: "iife", target: ["es2023", ...browsers], logLevel: "silent" });
  const ending = (name: string): string => outputFiles.find(({ path }) => path.endsWith(name))?.text ?? "";
  return { css: ending(".css"), js: ending(".js") };
}

/** Under `/docs/` of a server. */
export function createManualPages(root: string, consoleFolder: string): Pages {
  let opened: Promise<Manual | undefined> | undefined;
  const made = new Map<string, Promise<Page | undefined>>();
  const open = (): Promise<Manual | undefined> =>
    (opened ??= openManual(root, consoleFolder).catch((error: unknown) => {
      opened = undefined;
      throw error;
    }));
  async function make(address: string): Promise<Page | undefined> {
    const found = await (await open())?.make(address);
    if (found === undefined) return undefined;
    const bytes = new TextEncoder().encode(found.text);
    return { bytes, zipped: await zip(bytes), type: types[found.type], isFixed: false };
  }
  return {
    async find(path) {
      if (path === "/docs") return toFolder;
      if (!path.startsWith("/docs/")) return undefined;
      const address = path.slice("/docs/".length).replace(/(^|\/)$/, "$1index.html");
      const known = made.get(address);
      if (known !== undefined) return known;
      if ((await open())?.addresses.includes(address) !== true) return undefined;
      const page = make(address);
      made.set(address, page);
      page.catch(() => made.delete(address));
      return page;
    },
  };
}

/** Addresses in pages are relative to where they lie. */
const moved = new TextEncoder().encode('<!doctype html><meta http-equiv="refresh" content="0; url=/docs/"><title>Holon manual</title><a href="/docs/">The manual</a>');
const toFolder: Page = { bytes: moved, zipped: gzipSync(moved), type: types.html, isFixed: false };

/** All of it, for a folder. */
export async function makeManual(root: string): Promise<ReadonlyMap<string, string>> {
  const manual = await openManual(root, join(root, "console"));
  if (manual === undefined) throw new Error(`${root} has no docs/README.md`);
  const made = await Promise.all(manual.addresses.map(async (address): Promise<[string, string]> => [address, (await manual.make(address))?.text ?? ""]));
  return new Map(made);
}
