import type { ChildProcess } from "node:child_process";

const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** A server that outlived an interrupted bench would keep its port and write into a folder that is gone. */
export function endsWithBench(child: ChildProcess): void {
  children.add(child);
  child.once("exit", () => children.delete(child));
}
