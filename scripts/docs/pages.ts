/** The pages whose commands are tried, what each needs, and what nobody runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listPaths, repositoryRoot } from "../check/files.ts";
import { findBinary } from "../testing/servers.ts";
import { isRun, readBlocks, type PageBlocks } from "./blocks.ts";

export interface CommandPage extends PageBlocks {
  readonly path: string;
  readonly text: string;
}

/** All pages that people read. Decisions are of their day: what they quote is not tried again. One README is what every new app begins with, and has no folder yet. */
export const isPage = (path: string): boolean => path.endsWith(".md") && !path.startsWith("docs/decisions/") && path !== "examples/first-app/README.md";

export const readPages = (): readonly CommandPage[] => listPaths().filter(isPage).map(readPage);

export function readPage(path: string): CommandPage {
  const text = readFileSync(join(repositoryRoot, path), "utf8");
  return { path, text, ...readBlocks(text) };
}

export const hasCommands = ({ blocks }: CommandPage): boolean => blocks.some(isRun);

/** What of its needs is not on this machine. */
export const lacks = ({ needs }: CommandPage): readonly string[] => needs.filter((program) => findBinary(program) === undefined);

/** `path:line: reason` of each block that is marked so. */
export const notRun = (pages: readonly CommandPage[]): readonly string[] => pages.flatMap(({ path, blocks }) => blocks.flatMap((block) => (block.notRun === undefined ? [] : [`${path}:${block.line}: ${block.notRun}`])));
