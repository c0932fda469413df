/** How much waits for a function, for whoever scales it elsewhere: KEDA's `metrics-api` scaler reads `queueDepth`. */
import type { Route } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { lagMetric, queueOf, queueSchema, type QueueRow } from "@holon/core/telemetry/queue.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

export function scaleRoutes(telemetry: Telemetry | undefined): readonly Route[] {
  if (telemetry === undefined) return [];
  return [
    {
      method: "GET",
      path: "/v1/scale/{app}/{function}",
      summary: "Records that a function has not read yet, of all nodes together that this one knows of: for autoscalers.",
      answer: queueSchema,
      async handle({ params }) {
        const { app = "", function: fn = "" } = params;
        const rows: QueueRow[] = [];
        for (let after: string | undefined; ; ) {
          const page = await telemetry.fleet({ figures: lagMetric, limit: limits.scaleNodesRead, ...(after === undefined ? {} : { after }) });
          rows.push(...page.nodes);
          if (page.next === null) break;
          after = page.next;
        }
        const queue = queueOf(app, fn, rows);
        // An error, and not nought: whoever scales by it then does what it was told to do without a signal.
        if (queue === undefined) throw new HolonError("HOLON_UNIT_UNKNOWN", `no node has ever told what waits for ${app}/${fn}`);
        return { status: 200, body: queue };
      },
    },
  ];
}
