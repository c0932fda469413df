/** Every metric that a node makes of itself, by the names of OpenTelemetry where it has one. `docs/reference/metrics.md` is held to this table. */
import type { metricKinds } from "./series.ts";

export interface Metric {
  readonly name: string;
  /** As UCUM writes it, which OpenTelemetry wants: `By`, `s`, `ms`, `{record}`, `1`. */
  readonly unit: string;
  readonly kind: (typeof metricKinds)[number];
  readonly about: string;
  readonly attributes: readonly string[];
}

const metric = (name: string, kind: Metric["kind"], unit: string, about: string, attributes: readonly string[] = []): Metric => ({ name, unit, kind, about, attributes });

export const metrics: readonly Metric[] = [
  metric("holon.alert.up", "gauge", "1", "Whether what was handed to the receiver of a route of alerts last was taken: 1, or 0 while it is tried again.", ["route"]),
  metric("holon.alert.waiting", "gauge", "{alert}", "Alerts of which something is still to be told by a route.", ["route"]),
  metric("holon.children", "gauge", "{node}", "Nodes that are connected to this one from below."),
  metric("holon.export.behind", "gauge", "{record}", "Records that the collector does not have yet."),
  metric("holon.export.records", "sum", "{record}", "Records of telemetry by what became of them on their way to the collector: sent; aside (called bad); withheld (by the policy); gone (kept no longer, or damaged).", ["outcome"]),
  metric("holon.export.up", "gauge", "1", "Whether the collector took what was handed to it last: 1, or 0. A node that names none does not tell."),
  metric("holon.function.age", "gauge", "s", "Time since a function handled something.", ["app", "function"]),
  metric("holon.function.aside", "sum", "{event}", "Events that a function could not handle and that were set aside.", ["app", "function"]),
  metric("holon.function.duration", "sketch", "ms", "From the recording of an event until what a function made of it is on disk; of a batch, that of its first event.", ["app", "function"]),
  metric("holon.function.events", "sum", "{event}", "Events that a function has handled.", ["app", "function"]),
  metric("holon.function.failures", "sum", "{failure}", "Times that a function failed.", ["app", "function"]),
  metric("holon.function.invocations", "sum", "{invocation}", "Batches that a function was handed.", ["app", "function"]),
  metric("holon.function.lag", "gauge", "{record}", "Records that a function has not read yet; none while it waits for something that is for it.", ["app", "function"]),
  metric("holon.function.processor.time", "sum", "ms", "Processor time of a function, its models apart.", ["app", "function"]),
  metric("holon.inference.duration", "sketch", "ms", "Time of one inference.", ["app", "function"]),
  metric("holon.link.backlog", "gauge", "{record}", "Records that the parent has not acknowledged."),
  metric("holon.link.io", "sum", "By", "Bytes on the uplink, transport security included.", ["direction"]),
  metric("holon.link.up", "gauge", "1", "Whether the uplink is open: 1, or 0. A root has none and does not tell."),
  metric("holon.log.age", "gauge", "s", "Time since a record of a stream was written: alarm, data and local.", ["stream"]),
  metric("holon.log.damage", "sum", "{record}", "Records of this node that were found damaged.", ["stream"]),
  metric("holon.log.lost", "gauge", "{record}", "Records that are damaged and were reported."),
  metric("holon.log.records", "sum", "{record}", "Records that this node has written.", ["stream"]),
  metric("holon.log.size", "gauge", "By", "Size of the log on disk."),
  metric("holon.objective.judged", "sum", "{event}", "Events that say whether something was right, by objective of accuracy.", ["app", "objective"]),
  metric("holon.objective.right", "sum", "{event}", "Those of them that say that it was.", ["app", "objective"]),
  metric("holon.telemetry.held", "gauge", "{window}", "Windows that wait for the end of an outage."),
  metric("process.cpu.time", "sum", "s", "Processor time of the node's process."),
  metric("process.memory.usage", "gauge", "By", "Memory of the node's process that is in use."),
  metric("process.uptime", "gauge", "s", "Time since the node was opened."),
  metric("system.cpu.utilization", "gauge", "1", "Part of all processors that is in use."),
  metric("system.memory.utilization", "gauge", "1", "Part of the memory that is in use."),
];

export const metricByName: ReadonlyMap<string, Metric> = new Map(metrics.map((one) => [one.name, one]));
