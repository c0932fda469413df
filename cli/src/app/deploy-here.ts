/** Deploys on the control plane in this process, as `holon app deploy` does over the API. */
import { HolonError } from "@holon/core/errors.ts";
import type { Three } from "../machine/three.ts";
import type { Publication } from "./publish.ts";
import { canonicalJson } from "@holon/core/json.ts";

/** The same app again is no change: nothing is deployed, nothing restarts. Returns whether it was a change. */
export async function deployHere(three: Pick<Three, "cloud">, { document, blobs }: Publication): Promise<boolean> {
  const { control } = three.cloud;
  if (control === undefined) throw new HolonError("HOLON_INTERNAL", "the cloud node carries no control plane");
  for (const content of blobs.values()) await control.blobs.put(content);
  const known = control.apps().find((app) => app.document.name === document.name);
  if (known !== undefined && canonicalJson(known.document) === canonicalJson(document)) return false;
  await control.deploy(document);
  return true;
}
