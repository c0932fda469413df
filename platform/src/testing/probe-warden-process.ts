import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { giveBackUnused } from "../give-back.ts";
import { thriftyMalloc } from "../malloc.ts";

const givesBack = giveBackUnused(); // as a warden begins

const denied = "ERR_ACCESS_DENIED";
const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : String(error));
const attempt = (work: () => unknown): string => {
  try {
    work();
    return "allowed";
  } catch (error) {
    return codeOf(error);
  }
};

const { port } = JSON.parse(process.argv[2] ?? "{}") as { port: number };
const connected = await new Promise<string>((resolve) => {
  try {
    connect(port, "127.0.0.1")
      .on("connect", () => resolve("allowed"))
      .on("error", (error) => resolve(codeOf(error)));
  } catch (error) {
    resolve(codeOf(error));
  }
});
process.send?.({
  givesBack,
  read: attempt(() => readFileSync("/etc/passwd")),
  write: attempt(() => writeFileSync(join(import.meta.dirname, "never-written"), "x")),
  spawn: attempt(() => spawnSync("true")),
  connect: connected,
  native: process.getBuiltinModule("node:ffi") === undefined ? denied : attempt(() => process.getBuiltinModule("node:ffi").dlopen(null)),
  sizes: attempt(() => readFileSync("/proc/self/smaps")),
  thread: attempt(() => new Worker("", { eval: true })),
  environment: Object.keys(process.env).filter((name) => ![...Object.keys(thriftyMalloc), "NODE_COMPILE_CACHE", "NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE"].includes(name)),
});
