import type { UnitEvent } from "@holon/sdk";

/** Of those events that carry one. */
export const temperatures = (events: readonly UnitEvent[]): readonly number[] => events.map(({ data }) => temperatureOf(data)).filter((value) => value !== undefined);

function temperatureOf(data: unknown): number | undefined {
  return typeof data === "object" && data !== null && "temperature" in data && typeof data.temperature === "number" ? data.temperature : undefined;
}

export const mean = (values: readonly number[]): number | null => (values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length);
