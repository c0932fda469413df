/** Nodes that got their documents long ago and run no function: each makes its events when the scenario says so. No control plane. */
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { isNodeName } from "@holon/core/units.ts";
import { keepDesired } from "@holon/node/desired/documents.ts";
import { openNode, type NodeParts } from "@holon/node/node.ts";
import type { SubjectProgram } from "../subject.ts";

const encoder = new TextEncoder();

/** No functions, but the rule by which derived data may leave. */
export const settledApp: AppDocument = appDocumentSchema.parse({ name: "storm", version: "1", functions: [], models: [], egress: [{ class: "derived", to: "*" }] });

export function settledProgram({ sandbox }: Pick<SubjectProgram, "sandbox">, rules: NodeParts = {}, app = settledApp): SubjectProgram {
  return {
    async boot(config, ports) {
      const node = await openNode(config, ports, rules);
      if (isNodeName(config.name) && config.parent !== undefined) await keepDesired(node.log, config.name, desiredOf(config.name, app));
      return {
        log: node.log,
        shared: node.shared,
        missing: (lane) => node.log.missing(lane),
        status: node.status,
        telemetry: node.telemetry,
        // Of a parent alone: there are many nodes.
        ...(config.parent === undefined ? { isIdle: () => (node.status().admission?.askedBytes ?? 0) === 0 } : {}),
        emit: async (stream, data) => void (await node.log.append({ records: [node.events.record({ stream, type: "sim.event", class: "derived", producer: "sim", data })] })),
        close: node.close,
      };
    },
    sandbox,
  };
}

function desiredOf(node: string, app: AppDocument): Uint8Array {
  const desired: Desired = { apiVersion: "holon/v1", kind: "Desired", node, version: 1, plan: "storm", apps: [app] };
  return encoder.encode(JSON.stringify(desired));
}
