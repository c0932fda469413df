/**
 * The manual: the documentation of the repository as pages for a browser, for a folder (`npm run docs`) and from every node that has the documentation
 * with it, so that an island has it too. Served, a page is made when somebody first asks for it, and kept; nothing of it is read before.
 */
import { join } from "node:path";
import { withBundler } from "../bundler.ts";
import { browsers } from "../pages.ts";
import { layOut, type Assets } from "./layout.ts";
import { toHtml } from "./markdown.ts";
import { searchIndex } from "./search-index.ts";
import { readSources } from "./sources.ts";

export type ManualType = "html" | "css" | "js" | "json";
const assets: Assets = { style: "manual.css", script: "manual.js" };

export interface Manual {
  /** Every address there is. */
  readonly addresses: readonly string[];
  make(address: string): Promise<{ readonly text: string; readonly type: ManualType } | undefined>;
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
  const { outputFiles } = await withBundler(({ build }) => build({ absWorkingDir: folder, entryPoints: ["src/manual.ts", "src/style/manual.css"], outdir: "out", bundle: true, write: false, minify: true, legalComments: "none", format: "iife", target: ["es2023", ...browsers], logLevel: "silent" }));
  const ending = (name: string): string => outputFiles.find(({ path }) => path.endsWith(name))?.text ?? "";
  return { css: ending(".css"), js: ending(".js") };
}

/** All of it, for a folder. */
export async function makeManual(root: string): Promise<ReadonlyMap<string, string>> {
  const manual = await openManual(root, join(root, "console"));
  if (manual === undefined) throw new Error(`${root} has no docs/README.md`);
  const made = await Promise.all(manual.addresses.map(async (address): Promise<[string, string]> => [address, (await manual.make(address))?.text ?? ""]));
  return new Map(made);
}
