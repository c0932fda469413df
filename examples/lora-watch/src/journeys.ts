/** When a device was out and about: its frames less than half an hour apart. */
import { defineFunction } from "@holon/sdk";

const minuteMs = 60_000;

export default defineFunction({
  on: {
    type: "lora.uplink",
    window: { kind: "session", gapMs: 30 * minuteMs },
    late: { allowedMs: 60 * minuteMs, rule: "drop" },
    watermark: { idleMs: 120 * minuteMs },
  },
  emits: { "lora.journey": { stream: "data", class: "aggregate" } },
  run({ startMs, endMs, revision, replaces, events }, context) {
    context.emit("lora.journey", { timeMs: startMs, data: { startMs, revision, replaces, frames: events.length, minutes: Math.round((endMs - startMs) / minuteMs) - 30 } });
  },
});
