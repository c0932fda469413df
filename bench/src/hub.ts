/**
 * Suite `hub`: many real nodes come to one hub at once over TLS on loopback, the hub in a process of its own, the nodes in a few others.
 * From the moment a node may connect until the hub's mark says that all it has is on the hub's disk.
 */
import { join } from "node:path";
import { startChildren, type ChildrenProcess } from "./hub-children-process.ts";
import { startHub, type HubProcess } from "./hub-process.ts";
import { percentile, round } from "./statistics.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";

export const nodesDefault = 5_000;
/** A node has three files open, and a process mostly may have a few thousand. */
const nodesPerProcessMax = 1_250;
const eventsEach = 20;
const convergeMsMax = 300_000;

export const hubSuite: Suite = {
  measures: "many real nodes that come to one hub at once: time to converged, the hub's memory a node",
  async run(context) {
    const hubFolder = join(context.folder, "hub");
    const hub = await startHub(hubFolder);
    const children: ChildrenProcess[] = [];
    try {
      return await storm(hub, children, hubFolder, context);
    } finally {
      await Promise.all(children.map((part) => part.end()));
      await hub.end();
    }
  },
};

async function storm(hub: HubProcess, children: ChildrenProcess[], authority: string, { folder, nodes: count = nodesDefault, say }: SuiteContext): Promise<SuiteResult> {
  const startMs = performance.now();
  const parts = Math.ceil(count / nodesPerProcessMax);
  const open = async (part: number): Promise<void> => {
    const first = Math.floor((count * part) / parts);
    children.push(await startChildren({ folder: join(folder, "children"), first: first + 1, count: Math.floor((count * (part + 1)) / parts) - first, parent: hub.address, authority, events: eventsEach }));
  };
  await Promise.all(Array.from({ length: parts }, (_, part) => open(part)));
  say(`${count} nodes in ${parts} processes are open with ${eventsEach} events each after ${round((performance.now() - startMs) / 1000)} s`);
  const before = await hub.figures();
  const tookMs = (await Promise.all(children.map((part) => part.converge(convergeMsMax)))).flat();
  const after = await hub.figures();
  const p50 = percentile(tookMs, 0.5);
  const p99 = percentile(tookMs, 0.99);
  const bytesPerNode = (after.residentBytes - before.residentBytes) / count;
  say(`converged: p50 ${round(p50)} ms, p99 ${round(p99)} ms; the hub holds ${round(bytesPerNode / 1024)} KiB a node, ${after.admission.sessions} connected, ${after.admission.toldLater} told to come later`);
  return {
    figures: {
      hubNodes: count,
      hubConvergedMsP50: p50,
      hubConvergedMsP99: p99,
      hubConvergedMsMax: Math.max(...tookMs),
      hubBytesPerNode: bytesPerNode,
      hubProcessorMsPerNode: (after.processorMs - before.processorMs) / count,
      hubCreditBytesHigh: after.admission.creditBytesHigh,
      hubRecords: after.records,
    },
    ratios: {},
  };
}
