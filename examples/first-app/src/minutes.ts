/** One figure a minute for those who look from afar. */
import { defineFunction } from "@holon/sdk";
import { minute, reading } from "./events.ts";

export default defineFunction({
  on: { ...reading, window: { kind: "tumbling", sizeMs: 60_000 } },
  emits: { [minute.type]: minute },
  run({ events }, context) {
    const values = events.map(({ data }) => data.cpuUserPercent ?? 0);
    const sum = values.reduce((total, value) => total + value, 0);
    context.emit(minute.type, { data: { readings: values.length, meanPercent: Number((sum / values.length).toFixed(1)) } });
  },
});
