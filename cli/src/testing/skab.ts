/** The SKAB recordings beside the repository, where they are. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { repository } from "./holon-process.ts";

const folder = resolve(repository, "../shared/data/skab");

/** Options for `test`. */
export const needSkab: { readonly skip: string | false } = { skip: existsSync(folder) ? false : "the SKAB recordings (../shared/data/skab) are not here" };

export const skabFile = (name: string): string => join(folder, `${name}.csv.gz`);

/** All labelled recordings, by folder and name. */
export const skabFiles = (): readonly string[] =>
  ["valve1", "other"].flatMap((group) => readdirSync(join(folder, group)).filter((name) => name.endsWith(".csv.gz")).sort().map((name) => join(folder, group, name)));

/** A recording as a table of texts: its header and its rows. */
export function skabTable(name: string): { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const [header = "", ...rows] = gunzipSync(readFileSync(skabFile(name))).toString("utf8").trim().split(/\r?\n/);
  return { header: header.split(";"), rows: rows.map((row) => row.split(";")) };
}

export const printTable = (header: readonly string[], rows: readonly (readonly string[])[]): string => [header, ...rows].map((row) => `${row.join(";")}\n`).join("");
