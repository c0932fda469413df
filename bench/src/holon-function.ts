/** The one function of the bench's gateway: a running mean a subject, and an answer to each reading that leaves the site. */
import { defineFunction } from "@holon/sdk";

export default defineFunction({
  on: { type: "bench.reading" },
  emits: { "bench.judged": { stream: "data", class: "derived" } },
  run(event, context) {
    const value = typeof event.data === "object" && event.data !== null && "v" in event.data ? Number(event.data.v) : 0;
    const before = Number(context.state.get("mean") ?? 0);
    const mean = before + (value - before) / 64;
    context.state.set("mean", mean);
    const number = typeof event.data === "object" && event.data !== null && "n" in event.data ? event.data.n : undefined;
    context.emit("bench.judged", { subject: event.subject, data: { n: number, v: value, off: value - mean } });
  },
});
