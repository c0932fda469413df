/** The reflex: a window of readings, a look by a model, an order to the actuator. */
import { defineFunction } from "@holon/sdk";

const features = 16;

export default defineFunction({
  on: { type: "bench.reading", window: { kind: "tumbling", sizeMs: 5 } },
  emits: { "bench.order": { stream: "local", class: "derived" } },
  models: ["judge"],
  async run(window, context) {
    const last = window.events.at(-1)?.data;
    const number = typeof last === "object" && last !== null && "n" in last ? Number(last.n) : Number.NaN;
    const values = Float32Array.from({ length: features }, (_, index) => Math.sin(number + index));
    const { y } = await context.models["judge"].run({ x: { shape: [1, features], values } });
    context.emit("bench.order", { subject: "valve-1", data: { n: number, open: (y?.values[0] ?? 0) > (y?.values[1] ?? 0) } });
  },
});
