import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { lockFolder } from "./lock.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";

const isInUse = (pid: number | undefined) => (error: unknown) =>
  error instanceof HolonError && error.code === "HOLON_DATA_IN_USE" && error.message.includes(String(pid));

test("a folder is held once, in one process too, until it is released", (t) => {
  const folder = join(scratchFolder(t), "data");
  const lock = lockFolder(folder);
  assert.throws(() => lockFolder(folder), isInUse(process.pid));
  assert.throws(() => lockFolder(folder), isInUse(process.pid));
  lock.release();
  lock.release();
  lockFolder(folder).release();
});

test("another process is kept out while the holder lives, and let in when it is killed", async (t) => {
  const folder = scratchFolder(t);
  const code = `const { lockFolder } = await import(${JSON.stringify(new URL("lock.ts", import.meta.url).href)}); lockFolder(${JSON.stringify(folder)}); process.stdout.write("held"); setInterval(() => 0, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => holder.kill("SIGKILL"));
  await once(holder.stdout, "data");
  assert.throws(() => lockFolder(folder), isInUse(holder.pid));
  assert.throws(() => lockFolder(folder), isInUse(holder.pid), "a refused try does not loosen the holder's lock");
  holder.kill("SIGKILL");
  await once(holder, "exit");
  lockFolder(folder).release();
});

test("a second try in the holder's own process does not let another process in", async (t) => {
  const folder = scratchFolder(t);
  const lock = lockFolder(folder);
  assert.throws(() => lockFolder(folder), isInUse(process.pid));
  const code = `const { lockFolder } = await import(${JSON.stringify(new URL("lock.ts", import.meta.url).href)}); try { lockFolder(${JSON.stringify(folder)}); process.exit(0); } catch (error) { process.exit(error.code === "HOLON_DATA_IN_USE" ? 7 : 1); }`;
  const other = spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: "inherit" });
  assert.deepEqual(await once(other, "exit"), [7, null]);
  lock.release();
});

test("what cannot be locked is named", (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, "file"), "");
  assert.throws(() => lockFolder(join(folder, "file")), (error) => error instanceof HolonError && error.code === "HOLON_DATA_BAD" && /file/.test(error.message));
  mkdirSync(join(folder, "odd/lock"), { recursive: true });
  assert.throws(() => lockFolder(join(folder, "odd")), (error) => error instanceof HolonError && error.code === "HOLON_DISK_FAILED" && /odd/.test(error.message));
});
