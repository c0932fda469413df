/** What becomes of an event, given how far its subject's windows have been closed. */
import type { LateRule, WindowSpec } from "../schema/trigger.ts";
import { alignedAt, lastEndMs } from "./window.ts";

export type Lateness =
  /** None of its windows has been closed. */
  | "timely"
  /** It goes into those of its windows that are open; under `update` into the closed ones too. */
  | "partly"
  /** All its windows are closed, but are run again with it. */
  | "update"
  | "drop"
  | "aside";

/** Windows that end at `closedMs` or before have been closed. An event at or after `closedMs` is timely, always. */
export function judgeLateness(spec: WindowSpec, rule: LateRule, timeMs: number, closedMs: number): Lateness {
  if (lastEndMs(spec, timeMs) > closedMs) {
    if (spec.kind === "session") return "timely";
    return (alignedAt(spec, timeMs)[0]?.endMs ?? timeMs) > closedMs ? "timely" : "partly";
  }
  if (rule.rule !== "update") return rule.rule;
  return lastEndMs(spec, timeMs) > closedMs - rule.keepMs ? "update" : "aside";
}

/** Windows that end at this time or before are not run again. */
export const keptAfterMs = (rule: LateRule, closedMs: number): number => closedMs - (rule.rule === "update" ? rule.keepMs : 0);
