/** What scenarios about one unit that may move have in common: where it runs, what it counted, and a person who deploys it until control has taken that. */
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { Fleet, Machine } from "../fleet.ts";
import { controlOf } from "../programs/moving.ts";

/** A person deploys again where control went down in the middle of it. */
const againMs = 700;

export const machineOf = (fleet: Fleet, name: string): Machine => fleet.members.get(name)?.machine ?? fleet.root.machine;

/** Of these the nodes on which it runs at this moment. */
export const runningOn = (fleet: Fleet, names: readonly string[], wanted: string): readonly string[] =>
  names.filter((name) => machineOf(fleet, name).subject?.status?.().agent.units.some(({ app, name: unit, state }) => `${app}/${unit}` === wanted && state !== "stopped") === true);

/** As the unit tells it. */
export const countOf = (data: unknown): number => (typeof data === "object" && data !== null && "count" in data && typeof data.count === "number" ? data.count : Number.NaN);

export function deployUntilTaken(fleet: Fleet, document: AppDocument): void {
  const control = controlOf(fleet.root.machine.subject);
  const again = (): void => void fleet.world.after(againMs, () => deployUntilTaken(fleet, document));
  if (control === undefined) return again();
  let isOver = false;
  control.deploy(document).then(() => (isOver = true), () => undefined); // control that went down answers nothing: it is asked again
  fleet.world.after(againMs, () => void (isOver || deployUntilTaken(fleet, document)));
}
