/** Frames and mean temperature of each device by the hour. A frame that comes later than an hour corrects its hour, for a day. */
import { defineFunction } from "@holon/sdk";
import { mean, temperatures } from "./temperatures.ts";

const hourMs = 3_600_000;

export default defineFunction({
  on: {
    type: "lora.uplink",
    window: { kind: "tumbling", sizeMs: hourMs },
    late: { allowedMs: hourMs, rule: "update", keepMs: 24 * hourMs },
    watermark: { idleMs: 2 * hourMs },
  },
  emits: { "lora.hour": { stream: "data", class: "aggregate" } },
  run(window, context) {
    const { startMs, revision, reason, events } = window;
    context.emit("lora.hour", { timeMs: startMs, data: { startMs, revision, reason, frames: events.length, temperature: mean(temperatures(events)) } });
  },
});
