/** By which ways an alert was not told, and why: once, though neither its beginning nor its end was. */
import type { ShownAlert } from "@holon/core/telemetry/alert.ts";

export interface Refusal {
  readonly route: string;
  readonly why: string;
}

export function refusalsOf(told: ShownAlert["told"]): readonly Refusal[] {
  const all = told.flatMap(({ route, refused }) => (refused === undefined ? [] : [{ route, why: refused }]));
  return all.filter(({ route, why }, place) => all.findIndex((other) => other.route === route && other.why === why) === place);
}
