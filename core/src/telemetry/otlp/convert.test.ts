import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { eventSchema } from "../../schema/event.ts";
import { convert, otlpTypes } from "./convert.ts";

const resourceSchema = z.looseObject({ resource: z.object({ attributes: z.array(z.object({ key: z.string(), value: z.object({ stringValue: z.string() }) })) }) });

test("what was posted says nothing in our name: the node that took it in, its place and the record are ours to say", () => {
  const posted = { "service.name": "holon", "service.instance.id": "edge-1", "holon.node": "edge-1", "Holon.Jurisdiction": "US", "holon.record": "edge-1/forged" };
  const resource = { attributes: Object.entries(posted).map(([key, stringValue]) => ({ key, value: { stringValue } })) };
  const event = eventSchema.parse({ specversion: "1.0", id: "gateway-1/e/telemetry/9", source: "/gateway-1", type: otlpTypes.metrics, time: "2026-01-01T00:00:00.000Z", recordedtime: "2026-01-01T00:00:00.000Z", jurisdiction: "EU/DE", clock: "synced", class: "derived", data: { resource, scopeMetrics: [] } });
  const told = resourceSchema.parse(convert(event)?.resource);
  assert.deepEqual(told.resource.attributes.map(({ key, value }) => `${key}=${value.stringValue}`), ["service.name=holon", "service.instance.id=edge-1", "holon.received_by=gateway-1", "holon.jurisdiction=EU/DE", "holon.record=gateway-1/e/telemetry/9"]);
});
