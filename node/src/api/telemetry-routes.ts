/** What a node knows of itself and of those below it: on control that is the fleet. */
import type { Route } from "@holon/core/api/route.ts";
import { metrics } from "@holon/core/telemetry/catalogue.ts";
import { fleetQuerySchema, fleetStatusSchema, type FleetRow } from "@holon/core/telemetry/fleet-status.ts";
import { signals } from "@holon/core/telemetry/otlp/convert.ts";
import { fleetText, nodeText } from "@holon/core/telemetry/prometheus.ts";
import { metricListSchema, seriesQuerySchema, seriesSchema } from "@holon/core/telemetry/series.ts";
import { traceQuerySchema, traceSchema } from "@holon/core/telemetry/trace.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock } from "@holon/core/ports.ts";
import { z } from "zod";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { pause } from "./pause.ts";
import { alertRoutes } from "./alert-routes.ts";

const topSchema = z.object({ node: z.string(), asOf: z.string(), held: z.int(), figures: z.object({ sums: z.record(z.string(), z.number()), gauges: z.record(z.string(), z.array(z.number())), durations: z.record(z.string(), z.looseObject({ count: z.number() })) }) });
/** The text format of Prometheus, version 0.0.4. */
const textType = "text/plain; version=0.0.4; charset=utf-8";

export function telemetryRoutes(telemetry: Telemetry | undefined, clock: Clock): readonly Route[] {
  if (telemetry === undefined) return [];
  return [
    {
      method: "GET",
      path: "/v1/fleet",
      summary: "Every node that this one knows of, with its state, and how complete that is.",
      query: fleetQuerySchema,
      answer: fleetStatusSchema,
      handle: async ({ query }) => ({ status: 200, body: await telemetry.fleet(fleetQuerySchema.parse(query)) }),
      async *follow({ query }, signal) {
        const parsed = fleetQuerySchema.parse(query);
        let before = new Map<string, string>();
        let states = "";
        while (!signal.aborted) {
          const status = await telemetry.fleet(parsed);
          const rows = new Map(status.nodes.map((row) => [row.node, printed(row)]));
          const changed = status.nodes.filter((row) => before.get(row.node) !== rows.get(row.node));
          const said = JSON.stringify([status.completeness.states, status.completeness.reported]);
          if (changed.length > 0 || said !== states) yield { ...status, nodes: changed };
          before = rows;
          states = said;
          await pause(clock, signal, limits.telemetryFollowMs);
        }
      },
    },
    {
      method: "GET",
      path: "/v1/series",
      summary: "One metric over time, with how many nodes told of each step, and which steps were corrected late.",
      query: seriesQuerySchema,
      answer: seriesSchema,
      handle: async ({ query }) => ({ status: 200, body: await telemetry.series(seriesQuerySchema.parse(query)) }),
    },
    {
      method: "GET",
      path: "/v1/traces/{id}",
      summary: "The way of one event through doors, functions, models and links, as far as it is known here, and how complete that is.",
      query: traceQuerySchema,
      answer: traceSchema,
      handle: async ({ params, query }) => ({ status: 200, body: await telemetry.trace(params["id"] ?? "", traceQuerySchema.parse(query)) }),
    },
    {
      method: "GET",
      path: "/v1/metrics",
      summary: "Metrics that may be asked for.",
      answer: metricListSchema,
      handle: () => Promise.resolve({ status: 200, body: { metrics } }),
    },
    ...alertRoutes(telemetry, clock),
    {
      method: "GET",
      path: "/v1/top",
      summary: "What this node measures of itself at this moment.",
      answer: topSchema,
      handle: async () => ({ status: 200, body: await telemetry.top() }),
    },
    ...signals.map(
      (signal): Route => ({
        method: "POST",
        path: `/v1/${signal}`,
        summary: `Takes ${signal} of OpenTelemetry SDKs: OTLP/HTTP, JSON or protobuf.`,
        bytes: true,
        bytesMax: limits.otlpBodyBytesMax,
        answer: z.unknown(),
        async handle({ body, contentType = "" }) {
          const answer = await telemetry.take(signal, contentType, body instanceof Uint8Array ? body : new Uint8Array());
          return { status: 200, ...answer };
        },
      }),
    ),
    {
      method: "GET",
      path: "/metrics",
      summary: "The same for Prometheus, in its text format.",
      contentType: textType,
      answer: z.string(),
      handle: async () => ({ status: 200, body: nodeText((await telemetry.top()).figures) }),
    },
    {
      method: "GET",
      path: "/metrics/fleet",
      summary: "Every node that this one knows of for Prometheus: its state and when it was heard, and of those that have told of now their figures.",
      contentType: textType,
      answer: z.string(),
      async handle() {
        const status = await telemetry.fleet({ limit: limits.planNodesMax });
        return { status: 200, body: fleetText(telemetry.self, status, (node) => telemetry.latest(node)) };
      },
    },
  ];
}

/** Whether it is the same row for those who look, whose signs of life alone went on. */
const printed = (row: FleetRow): string => JSON.stringify({ ...row, heardAt: null });
