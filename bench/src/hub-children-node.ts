/** The process behind `hub-children-process.ts`. Ends, without closing its nodes' logs, when its parent lets go of it. */
import { openChildren, type Children } from "./hub-children.ts";
import type { FromChildren, ToChildren } from "./hub-children-process.ts";

let children: Children | undefined;

process.on("message", (message: ToChildren) => void answer(message).catch((error: unknown) => ({ failed: error instanceof Error ? error.message : String(error) })).then((said) => process.send?.(said)));
// The folder is removed next: what is on these disks is nobody's.
process.once("disconnect", () => process.exit());

async function answer(message: ToChildren): Promise<FromChildren> {
  if ("open" in message) {
    children = await openChildren(message.open);
    return { opened: true };
  }
  if (children === undefined) throw new Error("the children are not open");
  return { tookMs: await children.converge(message.convergeWithinMs) };
}
