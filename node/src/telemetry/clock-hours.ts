/** Records are found by the clocks of their nodes: by how many whole hours these differ from the one here, so that those that are off by about as much are looked for together. */
import type { LogRecord } from "@holon/core/log/log.ts";
import type { FleetView } from "@holon/core/telemetry/fleet-view.ts";

export const hourMs = 3_600_000;

const hours = (offMs: number): number => Math.floor((offMs + hourMs / 2) / hourMs);

/** Those of any run of it. */
export const hoursOff = (view: Pick<FleetView, "clockOffs">, node: string): readonly number[] => view.clockOffs(node).map(hours);

/** That of the run in which it was recorded, when it had that time. */
export const hourOff = (view: Pick<FleetView, "clockOff">, { origin, epoch }: Pick<LogRecord, "origin" | "epoch">, time: string): number => hours(view.clockOff(origin, epoch, Date.parse(time)) ?? 0);
