import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { compileBehind } from "./compile-behind.ts";

/** The 41st field of a thread's `stat` (proc(5)). */
const policyOf = (id: string): string | undefined => readFileSync(`/proc/self/task/${id}/stat`, "utf8").split(") ").at(-1)?.split(" ")[38];
const threads = (): readonly { readonly name: string; readonly policy: string | undefined; readonly nice: number }[] => readdirSync("/proc/self/task").map((id) => ({ name: readFileSync(`/proc/self/task/${id}/comm`, "utf8").trim(), policy: policyOf(id), nice: getPriority(Number(id)) }));
const batch = "3";

const skip = process.platform !== "linux" ? "only Linux has such a policy" : spawnSync("chrt", ["-m"]).status === 0 ? false : "there is no chrt";

test("V8's own threads take the processor from nobody", { skip }, async () => {
  compileBehind();
  const isDone = (): boolean => threads().every(({ name, policy, nice }) => name.endsWith("V8Worker") === (policy === batch) && name.endsWith("V8Worker") === nice >= 10);
  for (let count = 0; count < 100 && !isDone(); count++) await sleep(50);
  assert.ok(threads().some(({ name }) => name.endsWith("V8Worker")), "V8 has threads here");
  assert.ok(isDone(), JSON.stringify(threads()));
});

test("a process that is gone is no failure", () => assert.doesNotThrow(() => compileBehind(2 ** 22 - 1)));
