/** Nodes that got their documents long ago and run no function: each makes its events when the scenario says so. No control plane. */
import type { Desired } from "@holon/core/schema/desired.ts";
import { isNodeName } from "@holon/core/units.ts";
import { keepDesired } from "@holon/node/desired/documents.ts";
import { openNode, type NodeParts } from "@holon/node/node.ts";
import type { SubjectProgram } from "./subject.ts";

const encoder = new TextEncoder();

export function settledProgram({ sandbox }: Pick<SubjectProgram, "sandbox">, rules: NodeParts = {}): SubjectProgram {
  return {
    async boot(config, ports) {
      const node = await openNode(config, ports, rules);
      if (isNodeName(config.name) && config.parent !== undefined) await keepDesired(node.log, config.name, desiredOf(config.name));
      return {
        log: node.log,
        missing: (lane) => node.log.missing(lane),
        status: node.status,
        // Of a parent alone: there are many nodes.
        ...(config.parent === undefined ? { isIdle: () => (node.status().admission?.askedBytes ?? 0) === 0 } : {}),
        emit: async (stream, data) => void (await node.log.append({ records: [node.events.record({ stream, type: "sim.event", class: "derived", producer: "sim", data })] })),
        close: node.close,
      };
    },
    sandbox,
  };
}

/** No functions, but the rule by which derived data may leave. */
function desiredOf(node: string): Uint8Array {
  const app = { apiVersion: "holon/v1", name: "storm", version: "1", sources: [], functions: [], models: [], egress: [{ class: "derived", to: "*" }] } as const;
  const desired: Desired = { apiVersion: "holon/v1", kind: "Desired", node, version: 1, plan: "storm", apps: [{ ...app, sources: [], functions: [], models: [], egress: [...app.egress] }] };
  return encoder.encode(JSON.stringify(desired));
}
