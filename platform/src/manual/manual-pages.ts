/** The manual under `/docs/` of a server. What makes its pages is loaded when somebody first asks for one: a node carries it for months and may never be asked. */
import { promisify } from "node:util";
import { gzip, gzipSync } from "node:zlib";
import type { Page, Pages } from "../pages.ts";
import type { Manual, ManualType } from "./manual.ts";

const zip = promisify(gzip);
const types: Readonly<Record<ManualType, string>> = { html: "text/html; charset=utf-8", css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8", json: "application/json" };

/** Under `/docs/` of a server. */
export function createManualPages(root: string, consoleFolder: string): Pages {
  let opened: Promise<Manual | undefined> | undefined;
  const made = new Map<string, Promise<Page | undefined>>();
  const openNow = async (): Promise<Manual | undefined> => (await import("./manual.ts")).openManual(root, consoleFolder);
  const open = (): Promise<Manual | undefined> =>
    (opened ??= openNow().catch((error: unknown) => {
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
