/** What has become of a node since the plan in force was made. Where that moves nothing no plan says so yet, and an explanation from what the plan was made from would be told as if it were so now. */
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import type { Explanation } from "@holon/core/placement/explain.ts";
import type { Planned } from "@holon/core/placement/planner.ts";
import { whyNotNow } from "@holon/core/placement/work.ts";
import type { Hearing } from "./hearing.ts";

export interface Asked {
  readonly unit: string;
  readonly node: string;
  readonly planned: Planned;
  readonly adoptedAt: string;
  readonly stateNow: ReturnType<Hearing["stateOf"]>;
  /** Of one that was silent, does not count as present yet, and is heard: since when, wall-clock milliseconds. */
  readonly backMs?: number | undefined;
}

/** What passes by itself, and of which silence, which passes too, is told first. */
const passing: ReadonlySet<Explanation["reason"]> = new Set(["busy", "capacity", "spread", "dearer", "moving", "not-better", "same"]);

export function asOfNow(explanation: Explanation, { unit, node, planned, adoptedAt, stateNow, backMs }: Asked): Explanation {
  const { verdict, reason, text } = explanation;
  if (reason === "unknown-node") {
    const seconds = Math.round((limits.inventoryLookMs + limits.planLookMs) / 1_000);
    return { ...explanation, text: `${unit} is not on ${node}: ${node} came after the plan in force was made, and the next one, within about ${seconds} s, is the first to look at it.` };
  }
  if (reason === "silent" && stateNow === "present") return { ...explanation, text: `${unit} is not on ${node}: ${node} was silent for longer than its lease when the plan in force was made, at ${adoptedAt}; it is present since, and the next plan looks at it.` };
  const back = stateNow === "silent" && backMs !== undefined ? `it was silent for longer than its lease, and is heard again since ${isoTime(backMs)}: something new is given to it from ${isoTime(backMs + limits.nodeReturnMs)} on, if it is heard until then` : undefined;
  if (reason === "silent" && back !== undefined) return { ...explanation, text: `${unit} is not on ${node}: ${back}.` };
  const place = planned.fleet.nodes[planned.fleet.indexOf.get(node) ?? -1];
  const silence = stateNow === "silent" && place !== undefined && place.state !== "silent" ? whyNotNow({ ...place, state: "silent" }) : undefined;
  if (silence === undefined) return explanation;
  if (verdict === "chosen") return { ...explanation, text: `${text} Since that plan was made, at ${adoptedAt}, ${node} ${back === undefined ? "has been silent for longer than its lease" : `was silent for longer than its lease; it is heard again since ${isoTime(backMs ?? 0)}`}.` };
  return passing.has(reason) ? { verdict, reason: silence.reason, text: `${unit} is not on ${node}: ${back ?? silence.text}.` } : explanation;
}
