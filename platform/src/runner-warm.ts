/** Loads a function's worker once with nobody's function in it, so that its modules are in the compile cache: one that has a function may not write there. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { inside } from "./runner-sandbox.ts";
import type { SandboxSetup } from "./runner-protocol.ts";

const nothing = `export default { kind: "holon.function", on: { type: "nothing" }, emits: {}, models: [], run() {} };`;

/** Written by the worker itself while it runs: what it writes at its end may come too late for a process that goes on at once. */
const entry = `import { flushCompileCache } from "node:module"; await import(${JSON.stringify(import.meta.resolve("./runner-worker.ts"))}); flushCompileCache();`;

export async function warmSandbox(): Promise<void> {
  const setup: SandboxSetup = { inside, name: "nothing", code: nothing, modelNames: [], fitted: [], state: new Map(), line: undefined, describeOnly: true };
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(entry)}`), { workerData: setup, stdout: true, stderr: true });
  await once(worker, "exit"); // with nothing to wait for it ends by itself
}
