import { defineApp } from "@holon/sdk";

export default defineApp({
  name: "pump-watch",
  description: "Learns what is normal for a multi-sensor machine and tells when, since when and because of which sensor it is not.",
  sources: [{ kind: "host", name: "host", type: "pump.reading", rateHz: 10 }],
  functions: [{ name: "judge", module: "src/judge.ts" }],
  models: [
    {
      name: "pca",
      graph: "models/pca.onnx",
      licence: "Apache-2.0",
      // What a pump's normal is, `judge` learns where the pump is.
      fit: { by: ["judge"], tensors: { origin: [256], mean: [256], scale: [256], components: [256, 256], inverseEigenvalues: [256], limits: [2] } },
    },
  ],
  egress: [
    { class: "derived", to: "*" },
    { class: "aggregate", to: "*" },
  ],
});
