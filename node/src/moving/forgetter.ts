/** What units held that departed here is forgotten, as soon as control says that they go on elsewhere: until then it is all that there is of them. */
import { toHolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer, Trace } from "@holon/core/ports.ts";
import { movedAnswerSchema } from "@holon/core/schema/moving.ts";
import type { OwnBlobs } from "../blob/own-blobs.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { movedCell, departedUnits } from "./held.ts";
import { forgottenOf } from "./unit-state.ts";

export interface ForgetterOptions {
  readonly log: SegmentLog;
  readonly blobs: Pick<OwnBlobs, "remove">;
  readonly clock: Clock;
  readonly trace: Trace;
  askMoved(unit: string, id: string): Promise<unknown>;
  /** Whether the unit is this node's by its newest document, or may be. */
  isOwn(unit: string): boolean;
  /** Something may start now. */
  changed(): void;
}

export interface Forgetter {
  /** Something departed here. */
  wake(): void;
  /** Its cells are about to go: it starts again when they are gone. */
  isForgetting(unit: string): boolean;
  close(): void;
}

export function createForgetter({ log, blobs, clock, trace, askMoved, isOwn, changed }: ForgetterOptions): Forgetter {
  const forgetting = new Set<string>();
  let timer: Timer | undefined;
  let closed = false;

  const waiting = () => departedUnits(log).filter(({ unit }) => !isOwn(unit));

  async function look(): Promise<void> {
    for (const { unit, id } of waiting()) await lookAt(unit, id).catch((error: unknown) => trace.note("debug", `forgetting what departed here of ${unit}: ${toHolonError(error).message}`)); // asked again, and no other waits for it
  }

  async function lookAt(unit: string, id: string): Promise<void> {
    const { over } = movedAnswerSchema.parse(await askMoved(unit, id));
    if (over && !closed && waiting().some((departed) => departed.id === id)) await forget(unit, id);
  }

  async function forget(unit: string, id: string): Promise<void> {
    forgetting.add(unit);
    try {
      const gone = forgottenOf(unit, log);
      // Before the cells that name them: after a crash nothing else would know of them.
      for (const blob of gone.blobs) await blobs.remove(blob);
      // The cell stays, by which it never starts here again from what was verified before.
      await log.append({ cells: [...gone.cells, { key: movedCell(unit), value: new TextEncoder().encode(canonicalJson({ id, as: "sealed", blobs: [] })) }] });
    } finally {
      forgetting.delete(unit);
      changed();
    }
  }

  function again(): void {
    if (closed || timer !== undefined || departedUnits(log).length === 0) return;
    timer = clock.after(limits.moveForgetMs, () => {
      look()
        .catch((error: unknown) => trace.note("debug", `forgetting what departed here: ${toHolonError(error).message}`)) // asked again
        .finally(() => {
          timer = undefined;
          again();
        });
    });
  }

  return {
    wake: again,
    isForgetting: (unit) => forgetting.has(unit),
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
