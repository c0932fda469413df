/**
 * Which files of an installation are Holon's program: all of the workspaces that a node or its control loads or serves, and not what only tests use. `npm run check` walks the
 * imports from where the program begins, and finds what is loaded and not among these.
 */
import { globSync } from "node:fs";
import { matchesGlob } from "node:path";
import { manualFiles } from "../manual/sources.ts";

/** `sim` too: control plays what would be in it, in a thread of its own process. */
export const measuredWorkspaces = ["core", "node", "control", "platform", "sim", "sdk", "cli", "console"] as const;
export const workspaces = `{${measuredWorkspaces.join(",")}}`;
const patterns = [`${workspaces}/src/**/*.*`, "cli/bin/*", `${workspaces}/*.*`, "{package,tsconfig*}.json", "package-lock.json", ...manualFiles];
/** By these names the workspaces find each other: the nearest one counts. */
const linkPatterns = ["", `${workspaces}/`, `${workspaces}/src/**/`].map((place) => `${place}node_modules/@holon/${workspaces}`);
const isOfTests = (name: string): boolean => /\.test\.tsx?$|\/testing\//.test(name);

/** Names from the folder of the workspaces. */
export const programFiles = (program: string): readonly string[] =>
  [...new Set([...globSync(patterns, { cwd: program }).filter((name) => !isOfTests(name)), ...globSync(linkPatterns, { cwd: program })])].sort();

/** Whether a file would be among them, were it there. */
export const isOfProgram = (name: string): boolean => !isOfTests(name) && patterns.some((pattern) => matchesGlob(name, pattern));

export const isLink = (name: string): boolean => /(?:^|\/)node_modules\/@holon\/[a-z]+$/.test(name);
