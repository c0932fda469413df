import { defineApp } from "@holon/sdk";

export default defineApp({
  name: "digits",
  description: "Reads handwritten digits at the gateway, and asks the cloud about those that it is not sure of.",
  functions: [{ name: "read", module: "src/read.ts" }],
  models: [
    {
      name: "small",
      graph: "models/small.onnx",
      licence: "Apache-2.0",
      cascade: {
        above: "large",
        // As scripts/makeDigits.ts fitted them: half a point may be lost against asking always.
        gate: { temperature: 1.5653568659178176, threshold: 0.847949743270874 },
        bytesPerHour: 20_000_000,
        deadlineMs: 2_000,
        release: { class: "derived", because: "a digit by itself says nothing of who wrote it" },
      },
      drift: { windowRows: 400 },
    },
    { name: "large", graph: "models/large.onnx", licence: "Apache-2.0", answers: { tier: "cloud" } },
  ],
  egress: [
    { class: "derived", to: "*" },
    { class: "public", to: "*" },
  ],
});
