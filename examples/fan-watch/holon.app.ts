import { defineApp } from "@holon/sdk";

export default defineApp({
  name: "fan-watch",
  description: "Learns how a fan shakes, tells when it shakes otherwise, and sends figures and the signal around an alert in place of the signal.",
  sources: [{ kind: "mqtt", name: "fans", type: "fan.reading", topics: ["fans/#"] }],
  functions: [{ name: "judge", module: "src/judge.ts" }],
  reductions: [
    { kind: "aggregate", name: "minute", on: "fan.reading", emits: "fan.minute", everyMs: 60_000, fields: ["x", "y", "z"], measures: ["mean", "rms"], quantiles: [0.01, 0.99] },
    {
      kind: "frames",
      name: "around",
      on: "fan.reading",
      emits: "fan.frame",
      around: "fan.alert",
      when: { state: "open" },
      beforeMs: 2_000,
      afterMs: 2_000,
      within: { "*": { absolute: 0.01 } },
      release: { class: "derived", because: "acceleration of a fan says nothing of people, and an expert needs the signal" },
    },
  ],
  egress: [
    { class: "derived", to: "*" },
    { class: "aggregate", to: "*" },
  ],
});
