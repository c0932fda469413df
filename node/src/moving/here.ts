/** Which of the units that a document names are here: what has still to come is not yet, and what departed by it is no more. */
import type { Log } from "@holon/core/log/log.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { heldOf } from "./held.ts";

/** Of a unit that the document names. */
export function isHere(log: Pick<Log, "cell">, { moving }: Pick<Desired, "moving">, unit: string): boolean {
  const coming = moving?.takes?.find((take) => take.unit === unit);
  const leaving = moving?.leaves?.find((leave) => leave.unit === unit);
  if (coming === undefined && leaving === undefined) return true;
  const moved = heldOf(unit, log);
  if (coming !== undefined) return moved?.id === coming.id && moved.as === "taken";
  return moved?.id !== leaving?.id || moved?.as !== "sealed";
}
