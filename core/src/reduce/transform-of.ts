/** What a reduction does to data, as rules of a policy name it. */
import type { Transform } from "../policy/transform.ts";
import type { Reduction } from "../schema/reduction.ts";

/** `undefined` where it changes no class. */
export function transformOf(reduction: Reduction): Transform | undefined {
  if (reduction.kind === "discard") return undefined;
  if (reduction.kind === "aggregate") return { kind: "aggregate", count: reduction.countMin };
  return reduction.release === undefined ? undefined : { kind: "release" };
}
