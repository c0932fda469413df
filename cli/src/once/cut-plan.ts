/** When a run cuts the gateway's uplink and heals it: by the events of the whole run, those of an interrupted one before it among them. */
import type { ReplaySourceSpec } from "@holon/core/schema/app.ts";
import { parsePosition } from "@holon/platform/door/replay/position.ts";

export interface CutPlan {
  /** What to do at so many events; each is told once. */
  at(events: number): readonly ("cut" | "heal")[];
  /** What is to be told when the source has ended; `undefined` if all went as planned. */
  note(): string | undefined;
}

/** `before`: how many events an interrupted run had played. */
export function createCutPlan(cutAfter: number | undefined, healAfter: number | undefined, before: number): CutPlan {
  const isPast = cutAfter !== undefined && before > 0 && before >= (healAfter ?? Infinity);
  let cut = cutAfter === undefined || isPast;
  let healed = healAfter === undefined || isPast;
  return {
    at(events) {
      const steps: ("cut" | "heal")[] = [];
      if (!cut && events >= (cutAfter ?? Infinity)) {
        cut = true;
        steps.push("cut");
      }
      if (cut && !healed && events >= (healAfter ?? Infinity)) {
        healed = true;
        steps.push("heal");
      }
      return steps;
    },
    note() {
      if (isPast) return `the run was past --heal-after ${healAfter} already, at ${before} events: nothing was cut`;
      return cut ? undefined : `the source ended before --cut-after ${cutAfter}: nothing was cut`;
    },
  };
}

/** How many rows are played, by the position that the source keeps; `rows` are those of each file. */
export function rowsPlayed(offset: string | undefined, files: ReplaySourceSpec["files"], rows: readonly number[]): number {
  const { index, row } = parsePosition(offset, files);
  return rows.slice(0, index).reduce((sum, count) => sum + count, row);
}
