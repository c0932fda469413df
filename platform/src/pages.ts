/**
 * The pages of the console, made from their sources when somebody first asks for one: that takes a fraction of a second once, so there is nothing to
 * build beforehand, nothing that can be stale, and a node that nobody looks at carries none of it.
 */
import { readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { HolonError } from "@holon/core/errors.ts";
import { withBundler } from "./bundler.ts";

export interface Page {
  readonly bytes: Uint8Array;
  readonly zipped: Uint8Array;
  readonly type: string;
  /** Its name follows from its content: it may be kept for ever. */
  readonly isFixed: boolean;
}

export interface Pages {
  /** By path, `/` or `/assets/…`; undefined where there is none. */
  find(path: string): Promise<Page | undefined>;
}

/** `light-dark()` in styles, `AbortSignal.any` in scripts: browsers since May 2024. */
export const browsers = ["chrome123", "firefox124", "safari17.5"] as const;

const types: Readonly<Record<string, string>> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };

/** Asked one after the other. */
export const anyOf = (...all: readonly Pages[]): Pages => ({
  async find(path) {
    for (const pages of all) {
      const found = await pages.find(path);
      if (found !== undefined) return found;
    }
    return undefined;
  },
});

/** `folder` is the console's workspace. `kind` is what the page is told of who serves it. */
export function createPages(folder: string, kind: "control" | "node"): Pages {
  let made: Promise<ReadonlyMap<string, Page>> | undefined;
  return {
    async find(path) {
      if (path !== "/" && path !== "/index.html" && !path.startsWith("/assets/")) return undefined;
      made ??= makePages(folder, kind).catch((cause: unknown) => {
        made = undefined; // tried again with the next request
        throw new HolonError("HOLON_INTERNAL", `the console in ${folder} cannot be made: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, next: "Run npm ci again." });
      });
      return (await made).get(path === "/index.html" ? "/" : path);
    },
  };
}

async function makePages(folder: string, kind: string): Promise<ReadonlyMap<string, Page>> {
  const { outputFiles } = await withBundler(({ build }) => build({
    absWorkingDir: folder,
    entryPoints: ["src/main.tsx", "src/style/console.css"],
    outdir: "assets",
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    write: false,
    minify: true,
    legalComments: "none",
    format: "esm",
    target: ["es2023", ...browsers],
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "silent",
  }));
  const pages = new Map(outputFiles.map(({ path, contents }) => [`/assets/${basename(path)}`, page(contents, extname(path), true)]));
  const named = (ending: string): string => [...pages.keys()].find((path) => /^\/assets\/(?:main|console)-/.test(path) && path.endsWith(ending)) ?? "";
  const html = (await readFile(join(folder, "index.html"), "utf8"))
    .replace("/src/style/console.css", named(".css"))
    .replace("/src/main.tsx", named(".js"))
    .replace('content="control"', `content="${kind}"`);
  return pages.set("/", page(new TextEncoder().encode(html), ".html", false));
}

const page = (bytes: Uint8Array, ending: string, isFixed: boolean): Page => ({ bytes, zipped: gzipSync(bytes, { level: 9 }), type: types[ending] ?? "application/octet-stream", isFixed });
