/** Where what an operator declares of a node and what the machine shows contradict each other. What could not be found out contradicts nothing. */
import type { NodeReport } from "../schema/node-report.ts";

/** Not of the model runtime: found by trying it. */
const confinement = "bubblewrap";

/** For people: what is declared and was not found, a text each. */
export function notFound({ capacity: { accelerators }, providers, providersAsOf, found }: NodeReport): readonly string[] {
  const count = found?.accelerators?.kinds.reduce((sum, kind) => sum + kind.count, 0);
  // Names are the operator's own: only how many there are can be held against what was found.
  const devices = accelerators !== undefined && count !== undefined && count < accelerators.count ? [`${accelerators.count} ${accelerators.model} as accelerators, and it shows ${count === 0 ? "none" : count}`] : [];
  const names = found?.providers?.names;
  const missing = names === undefined || providersAsOf?.source !== "declared" ? [] : providers.filter((name) => name !== confinement && !names.includes(name));
  return [...devices, ...(missing.length === 0 ? [] : [`${missing.join(", ")} as execution providers, and its model runtime has ${names?.join(", ") || "none"}`])];
}
