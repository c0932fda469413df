import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/** Nice levels: a tenth of the weight, so that who wakes where such a thread runs has the processor soon, and it is starved by nobody. */
const behind = 10;

/**
 * V8 compiles what is hot, and marks what is dead, on threads of its own. Linux may wake such a thread on the processor of the one that woke it, and let it run there for milliseconds while another
 * idles: whoever waits for an answer waits for the compiler. Under the policy for batches (sched(7), SCHED_BATCH) a thread that wakes takes the processor from nobody, and with less weight it
 * gives it up to who does. Node.js has no word for the policy: `chrt` of util-linux says it, where there is one.
 */
export function compileBehind(pid: number = process.pid): void {
  if (process.platform !== "linux") return;
  for (const thread of compilersOf(pid)) {
    weighLess(Number(thread));
    const said = spawn("chrt", ["-b", "-p", "0", thread], { stdio: "ignore" });
    said.on("error", () => undefined); // no such program
    said.unref();
  }
}

function compilersOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).filter((thread) => readFileSync(`/proc/${pid}/task/${thread}/comm`, "utf8").trim().endsWith("V8Worker"));
  } catch {
    return []; // it has ended, or is hidden
  }
}

function weighLess(thread: number): void {
  try {
    if (getPriority(thread) < behind) setPriority(thread, behind);
  } catch {
    // it has ended, or the system does not let this user
  }
}
