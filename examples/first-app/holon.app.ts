import { defineApp } from "@holon/sdk";

export default defineApp({
  name: "first-app",
  description: "Tells when this machine has been busy for a while, and when it is idle again.",
  // This machine's own figures, so that there is something to see at once. Other sources: replay, mqtt.
  sources: [{ kind: "host", name: "host", type: "machine.reading", rateHz: 2 }],
  functions: [
    { name: "busy", module: "src/busy.ts" },
    { name: "minutes", module: "src/minutes.ts" },
  ],
  // What may leave the site. Raw readings never do.
  egress: [
    { class: "derived", to: "*" },
    { class: "aggregate", to: "*" },
  ],
});
