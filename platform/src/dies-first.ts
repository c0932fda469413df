import { writeFileSync } from "node:fs";

/** Where memory is short, the system ends a process that holds functions before it ends the node. Who may not say so leaves it to the system. */
export function diesFirst(pid: number | undefined): void {
  if (pid === undefined || process.platform !== "linux") return;
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, "800");
  } catch {
    // a system without it, or one that does not let this user
  }
}
