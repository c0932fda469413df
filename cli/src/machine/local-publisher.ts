/** The publisher of one machine, so that what is signed stays one command: a folder beside those of the nodes, and in none of them. */
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { createPublisher, rootOf } from "@holon/platform/publisher.ts";
import { readPublisher } from "@holon/platform/publisher/folder.ts";
import { writeWhole } from "@holon/platform/whole-file.ts";
import { createTrustTuf, pinnedPath } from "@holon/platform/trust/tuf.ts";

export const localPublisher = (data: string): string => join(data, "publisher");

/** Makes it at the first start. */
export async function openLocalPublisher(data: string): Promise<string> {
  const folder = localPublisher(data);
  if ((await readPublisher(folder)) === undefined) await createPublisher(folder, { keys: 1, threshold: 1, nowMs: Date.now() });
  return folder;
}

/** What a node has pinned stays pinned. Returns whether it was this publisher's root, or is now. */
export async function pinPublisher(publisher: string, node: string): Promise<boolean> {
  const root = await rootOf(publisher);
  const held = await createTrustTuf(node).pinned("images");
  if (held === undefined) await writeWhole(pinnedPath(node, "images"), root, 0o644);
  return held === undefined || Buffer.from(held).equals(root);
}

/** `HOLON_ARGUMENT_BAD` where the node has pinned another one. */
export async function requirePinned(publisher: string, folder: string, node: string): Promise<void> {
  if (!(await pinPublisher(publisher, folder))) throw new HolonError("HOLON_ARGUMENT_BAD", `${node} has pinned another publisher's root`, { next: `Remove pinned/images.root.json from the data folder of ${node} first, if that is meant.` });
}
