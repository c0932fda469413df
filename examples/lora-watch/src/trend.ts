/** How the temperature moved over three hours, told every hour. What comes too late is set aside as `holon.window.late`. */
import { defineFunction } from "@holon/sdk";
import { temperatures } from "./temperatures.ts";

const hourMs = 3_600_000;

export default defineFunction({
  on: {
    type: "lora.uplink",
    window: { kind: "sliding", sizeMs: 3 * hourMs, everyMs: hourMs },
    late: { allowedMs: hourMs, rule: "aside" },
    watermark: { idleMs: 2 * hourMs },
  },
  emits: { "lora.trend": { stream: "data", class: "aggregate" } },
  run({ startMs, revision, events }, context) {
    const values = temperatures(events);
    const [first, last] = [values[0], values.at(-1)];
    if (first !== undefined && last !== undefined) context.emit("lora.trend", { timeMs: startMs, data: { startMs, revision, frames: events.length, change: last - first } });
  },
});
