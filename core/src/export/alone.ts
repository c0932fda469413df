/** An app as one node runs the whole of it, with no fleet around: what stands on other tiers elsewhere stands here. */
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import { covers } from "../policy/jurisdiction.ts";
import type { AppDocument } from "../schema/app.ts";

/** Sources and reductions stand at gateways, and so everything does. `HOLON_PLACEMENT_UNMET` where a part of it may not run in that jurisdiction. */
export function aloneOf(app: AppDocument, jurisdiction: string): AppDocument {
  for (const unit of [...app.functions, ...app.models]) {
    const places = unit.needs?.jurisdictions ?? ["*"];
    if (!places.some((place) => covers(place, jurisdiction))) throw new HolonError("HOLON_PLACEMENT_UNMET", `${app.name}/${unit.name} may run in ${places.join(", ")} only, and is exported for ${jurisdiction}`, { next: "Export it for a place where all of the app may run." });
  }
  const here = { tier: "gateway" } as const;
  const functions = app.functions.map((fn) => {
    const { needs: _, ...rest } = fn;
    return { ...rest, run: here };
  });
  const models = app.models.map((model) => {
    const { needs: _, ...rest } = model;
    return rest.answers === undefined ? rest : { ...rest, answers: here };
  });
  return { ...app, functions, models };
}

/** Where anything of it is held to a place, whoever schedules the workload has to hold to it too. */
export const isBoundToPlace = (app: AppDocument): boolean => [...app.functions, ...app.models].some(({ needs }) => needs?.jurisdictions?.includes("*") === false);

/** What the node needs to run all of it, and itself. */
export function roomOf(app: AppDocument): { readonly processors: number; readonly memoryBytes: number } {
  let [processors, memoryBytes] = [nodeProcessors, nodeMemoryBytes];
  for (const { needs, memoryBytesMax } of app.functions) {
    processors += needs?.processors ?? 0.1;
    memoryBytes += needs?.memoryBytes ?? memoryBytesMax ?? limits.unitMemoryBytes;
  }
  for (const { needs } of app.models) {
    processors += needs?.processors ?? 0;
    memoryBytes += needs?.memoryBytes ?? 0;
  }
  return { processors: Number(processors.toFixed(3)), memoryBytes };
}

const nodeProcessors = 0.25;
const nodeMemoryBytes = 256 * 2 ** 20;
