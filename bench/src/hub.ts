/**
 * Suite `hub`: many real nodes come to one hub at once over TLS on loopback, the hub in a process of its own. From the moment a
 * node may connect until the hub's mark says that all it has is on the hub's disk.
 */
import { join } from "node:path";
import type { HolonNode } from "@holon/node/node.ts";
import { createTrust } from "@holon/platform/trust.ts";
import { openChildren } from "./hub-children.ts";
import { startHub, type HubProcess } from "./hub-process.ts";
import { percentile, round } from "./statistics.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";

const nodesDefault = 500;
const eventsEach = 20;
const lookEveryMs = 100;
const convergeMsMax = 600_000;

export const hubSuite: Suite = {
  measures: "many real nodes that come to one hub at once: time to converged, the hub's memory a node",
  async run(context) {
    const hubFolder = join(context.folder, "hub");
    const hub = await startHub(hubFolder);
    try {
      return await storm(hub, (await createTrust(hubFolder)).joinInfo(), context);
    } finally {
      await hub.end();
    }
  },
};

async function storm(hub: HubProcess, trust: Parameters<typeof openChildren>[0]["trust"], { folder, nodes: count = nodesDefault, say }: SuiteContext): Promise<SuiteResult> {
  const startMs = performance.now();
  const nodes = await openChildren({ folder: join(folder, "children"), count, parent: hub.address, trust, events: eventsEach });
  say(`${count} nodes are open with ${eventsEach} events each after ${round((performance.now() - startMs) / 1000)} s`);
  try {
    const before = await hub.figures();
    const tookMs = await converge(nodes);
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
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
}

/** Heals all uplinks at once; milliseconds until each has delivered all. */
async function converge(nodes: readonly HolonNode[]): Promise<readonly number[]> {
  const startMs = performance.now();
  const tookMs: number[] = [];
  for (const node of nodes) node.healUplink();
  for (let waiting = nodes; waiting.length > 0; ) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    const nowMs = performance.now() - startMs;
    if (nowMs > convergeMsMax) throw new Error(`${waiting.length} of ${nodes.length} nodes have not delivered all in ${convergeMsMax} ms: ${waiting[0]?.status().uplink?.problem?.message ?? "no reason known"}`);
    waiting = waiting.filter((node) => {
      const { state, backlog } = node.status().uplink ?? {};
      const done = state === "open" && backlog === 0;
      if (done) tookMs.push(nowMs);
      return !done;
    });
  }
  return tookMs;
}
