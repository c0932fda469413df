/** The publisher of one machine, so that what is signed stays one command: a folder beside those of the nodes, and in none of them. */
import { join } from "node:path";
import { createPublisher, readPublisher, rootOf } from "@holon/platform/publisher.ts";
import { writeWhole } from "@holon/platform/whole-file.ts";
import { createTrustTuf, pinnedPath } from "@holon/platform/trust-tuf.ts";

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
