/** Execution providers that the model runtime has on this machine, found out in a process that ends: a node without models never has the runtime in its memory. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { limits } from "@holon/core/limits.ts";
import { z } from "zod";

const program = fileURLToPath(new URL("./providers-process.ts", import.meta.url));
const foundSchema = z.array(z.string().min(1).max(64)).max(64);

/** Each has made a session of a small graph. Undefined where it could not be found out. */
export function providersOf(file = program): Promise<readonly string[] | undefined> {
  return new Promise((resolve) => {
    execFile(process.execPath, [file], { timeout: limits.providersMs, killSignal: "SIGKILL", maxBuffer: 64 << 10, env: { LD_LIBRARY_PATH: process.env["LD_LIBRARY_PATH"] ?? "" } }, (error, said) => resolve(error === null ? parsed(said) : undefined));
  });
}

/** The last line: a library may say something of its own before. */
function parsed(said: string): readonly string[] | undefined {
  try {
    return foundSchema.safeParse(JSON.parse(said.trim().split("\n").at(-1) ?? "")).data;
  } catch {
    return undefined;
  }
}
