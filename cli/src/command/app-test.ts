/** `holon app test`: the app's `*.test.ts` files, by the Node that runs Holon. */
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { HolonError } from "@holon/core/errors.ts";

export async function testApp(place: string): Promise<void> {
  const folder = resolve(place);
  const found = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new HolonError("HOLON_APP_MISSING", `${folder} cannot be read`, { cause });
  });
  const files = found.filter((path) => /\.test\.[mc]?[tj]s$/.test(path) && !path.includes("node_modules"));
  if (files.length === 0) throw new HolonError("HOLON_APP_MISSING", `${folder} holds no test`, { next: "Name test files like src/judge.test.ts." });
  const child = spawn(process.execPath, ["--test", ...files.map((path) => join(folder, path))], { cwd: folder, stdio: "inherit" });
  process.exitCode = await new Promise<number>((resolveExit, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolveExit(code ?? 1));
  });
}
