/** Signs and deploys on the control plane in this process, as `holon app deploy` does over the API. */
import { setTimeout as sleep } from "node:timers/promises";
import { HolonError } from "@holon/core/errors.ts";
import { needsOfApp } from "@holon/core/placement/needs-of-app.ts";
import type { Three } from "../machine/three.ts";
import type { Publication } from "./publish.ts";
import { canonicalJson } from "@holon/core/json.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { signPublication } from "./sign.ts";

/** The same app again is no change: nothing is deployed, nothing restarts. Returns whether it was a change. */
export async function deployHere(three: Pick<Three, "cloud" | "publisher">, publication: Publication): Promise<boolean> {
  const { control } = three.cloud;
  const { document, blobs } = publication;
  if (control === undefined) throw new HolonError("HOLON_INTERNAL", "the cloud node carries no control plane");
  for (const content of blobs.values()) await control.blobs.put(content);
  const files: Record<string, BlobHash> = {};
  for (const [name, bytes] of await signPublication(three.publisher, publication, {})) files[name] = await control.blobs.put(bytes);
  if (needsOfApp(document) !== undefined) await untilTold(three);
  const known = control.apps().find((app) => app.document.name === document.name);
  const isNew = known === undefined || canonicalJson(known.document) !== canonicalJson(document);
  if (isNew || canonicalJson(control.images()) !== canonicalJson(files)) await control.publish(files, document);
  return isNew;
}

const nodesHere = 3;
const triesMax = 200;
const tryMs = 50;

/** A link is open before control has heard who is at its other end: who is shown that it is open asks for that node next. What does not come in time is shown as it is. */
export async function untilHeard({ cloud: { control } }: Pick<Three, "cloud">, ended: AbortSignal): Promise<void> {
  for (let tries = 0; tries < triesMax && !ended.aborted && (control?.nodes().length ?? 0) < nodesHere; tries++) await sleep(tryMs);
}

/** Nodes that have just started are no places yet: they tell what they are made of when their links are open. What does not come in time is missing from the plan, which says so. */
async function untilTold({ cloud: { control } }: Pick<Three, "cloud">): Promise<void> {
  for (let tries = 0; tries < triesMax; tries++) {
    const nodes = control?.nodes() ?? [];
    if (nodes.length >= nodesHere && nodes.every(({ inventory, parent }) => inventory !== undefined && (parent === null || inventory.uplink !== undefined))) return;
    await sleep(tryMs);
  }
}
