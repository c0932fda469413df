/** What is told before what: who is called before what can wait, what is before what is over, and of those what began first. */
import type { Incident, ToldState } from "@holon/core/alert/incident.ts";

interface Item {
  readonly incident: Pick<Incident, "alert">;
  readonly state: ToldState;
}

/** The lower, the sooner. */
export const urgencyOf = ({ incident: { alert }, state }: Item): number => (state === "firing" ? 0 : 2) + (alert.severity === "page" ? 0 : 1);

export function byUrgency(one: Item, other: Item): number {
  const first = urgencyOf(one) - urgencyOf(other);
  if (first !== 0) return first;
  return one.incident.alert.since < other.incident.alert.since ? -1 : 1;
}
