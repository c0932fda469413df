import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { withBundler } from "./bundler.ts";

/** Names of this process's children that live, as Linux tells them (proc(5)). */
function children(): readonly string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const [, name = "", state, parent] = /\((.*)\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
      return Number(parent) === process.pid && state !== "Z" ? [name] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

test("the bundler's process is there while somebody needs it, and ends with the last of them", { skip: process.platform === "linux" ? false : "this system does not tell the children of a process" }, async () => {
  const one = (source: string) => withBundler(async ({ transform }) => {
    const { code } = await transform(source, { loader: "ts" });
    assert.ok(children().includes("esbuild"));
    return code;
  });
  assert.deepEqual(await Promise.all([one("const a: number = 1;"), one("const b: number = 2;"), one("const c: number = 3;")]), ["const a = 1;\n", "const b = 2;\n", "const c = 3;\n"]);
  while (children().includes("esbuild")) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await one("const again: number = 4;"), "const again = 4;\n");
  await assert.rejects(withBundler(({ transform }) => transform("const (", { loader: "ts" })), /Transform failed/);
  while (children().includes("esbuild")) await new Promise((resolve) => setTimeout(resolve, 20));
});
