import { defineApp } from "@holon/sdk";

const folder = "../../../shared/data/lorawan-uplinks";
const uplink = {
  kind: "replay",
  type: "lora.uplink",
  format: "jsonl",
  texts: { devaddr: "session" },
  subjectColumn: "dev_eui",
  timeColumn: "reported_at",
  // Some frames carry no measurement.
  empty: "omit",
  speed: "max",
} as const;
// Each join gives a device a new address and a counter from 0 or 1; an address may be given again.
const counter = { field: "counter", bits: 16, session: "session" } as const;

export default defineApp({
  name: "lora-watch",
  description: "What LoRaWAN devices measured, by the hour and by the journey: repeats removed, gaps told, late frames in their place.",
  sources: [
    {
      ...uplink,
      name: "testers",
      files: [{ path: `${folder}/FTD_0018B20000020.ndjson.gz`, subject: "tester" }],
      columns: { fcnt: "counter", "decoded.payload.temperature": "temperature", "decoded.payload.batteryVoltage": "batteryMv", "decoded.payload.uplinkCounter": "heard" },
      counter: { ...counter, content: ["temperature", "batteryMv", "heard"] },
    },
    {
      ...uplink,
      name: "weather",
      files: [{ path: `${folder}/EMS_A81758FFFE04B1C1.ndjson.gz`, subject: "weather" }],
      columns: { fcnt: "counter", "decoded.payload.temperature": "temperature", "decoded.payload.humidity": "humidity" },
      counter: { ...counter, content: ["temperature", "humidity"] },
    },
  ],
  functions: [
    { name: "hours", module: "src/hours.ts" },
    { name: "trend", module: "src/trend.ts" },
    { name: "journeys", module: "src/journeys.ts" },
  ],
  egress: [
    { class: "aggregate", to: "*" },
    { class: "public", to: "*" },
  ],
});
