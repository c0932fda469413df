/** Where a page is tried: a folder like a fresh clone, with nothing of this machine's data in it. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { repositoryRoot } from "../check/files.ts";

export interface Place {
  /** The parent of the clone: `~` in what is shown. */
  readonly home: string;
  readonly clone: string;
  readonly environment: NodeJS.ProcessEnv;
  remove(): void;
}

const notOfAClone = new Set([".git", ".holon", "dist"]);

export function makePlace(): Place {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "holon-docs-")));
  const clone = join(home, "holon");
  const programs = join(home, ".programs");
  mkdirSync(clone);
  mkdirSync(programs);
  for (const name of readdirSync(repositoryRoot)) if (!notOfAClone.has(name)) symlinkSync(join(repositoryRoot, name), join(clone, name));
  // What npx does with a program of the project, without npm's half second; and that program installed.
  writeProgram(join(programs, "npx"), `if [ "$1" != holon ]; then echo "npx $1 is not tried here" >&2; exit 1; fi\nshift\nexec holon "$@"`);
  writeProgram(join(programs, "holon"), `exec node "${join(repositoryRoot, "cli/src/holon.ts")}" "$@"`);
  const path = [programs, dirname(process.execPath), process.env["PATH"] ?? "", "/usr/sbin"].join(delimiter);
  const cache = process.env["NODE_COMPILE_CACHE"];
  const environment = { PATH: path, HOME: home, LANG: "C.UTF-8", TERM: "xterm", ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) };
  return { home, clone, environment, remove: () => rmSync(home, { recursive: true, force: true }) };
}

function writeProgram(path: string, script: string): void {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}
