/** A part of the children of suite `hub` in a process of its own: no process has files for all of them, and the hub's core is not theirs. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { endsWithBench } from "./child-ends.ts";
import type { Children, ChildrenOptions } from "./hub-children.ts";

export type ToChildren = { readonly open: ChildrenOptions } | { readonly convergeWithinMs: number };
export type FromChildren = { readonly opened: true } | { readonly tookMs: readonly number[] } | { readonly failed: string };

export interface ChildrenProcess extends Children {
  end(): Promise<void>;
}

/** Resolves when the children are open, with their uplinks cut. */
export async function startChildren(options: ChildrenOptions): Promise<ChildrenProcess> {
  const child = fork(fileURLToPath(new URL("hub-children-node.ts", import.meta.url)), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  endsWithBench(child);
  const ended = once(child, "exit");
  await ask(child, { open: options });
  return {
    async converge(boundMs) {
      const said = await ask(child, { convergeWithinMs: boundMs });
      if (!("tookMs" in said)) throw new Error("the children's process answered something else");
      return said.tookMs;
    },
    async end() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

function ask(child: ChildProcess, message: ToChildren): Promise<FromChildren> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error("the children's process ended"));
    child.once("exit", gone);
    child.once("message", (said: FromChildren) => {
      child.removeListener("exit", gone);
      if ("failed" in said) reject(new Error(said.failed));
      else resolve(said);
    });
    child.send(message);
  });
}
