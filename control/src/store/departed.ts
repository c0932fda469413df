/** What nodes told of units that left them, and of those that they took over: as many as moves can still be asked about. */
import { limits } from "@holon/core/limits.ts";
import { departedSchema, takenSchema } from "@holon/core/schema/moving.ts";
import type { ControlState } from "./fold.ts";

/** False for what is no such report. */
export function departedTold({ departures }: Pick<ControlState, "departures">, node: string, data: unknown): boolean {
  const told = departedSchema.safeParse(data);
  if (told.success) remember(departures, told.data.id, { node, data: told.data });
  return told.success;
}

/** False for what is no such report. */
export function takenTold({ taken }: Pick<ControlState, "taken">, node: string, data: unknown): boolean {
  const told = takenSchema.safeParse(data);
  if (told.success) remember(taken, told.data.id, (taken.get(told.data.id) ?? new Set<string>()).add(node));
  return told.success;
}

function remember<T>(of: Map<string, T>, id: string, value: T): void {
  of.set(id, value);
  const [oldest] = of.keys();
  if (of.size > limits.movesRememberedMax && oldest !== undefined) of.delete(oldest);
}
