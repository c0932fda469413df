/** Tells when the machine has become busy, and when it has become idle: once each, not with every reading. */
import { defineFunction } from "@holon/sdk";
import { load, reading } from "./events.ts";

const busyPercent = 80;
const idlePercent = 60;
/** How much of the level so far is kept with each reading: half of it is forgotten after about seven. */
const kept = 0.9;

export default defineFunction({
  on: reading,
  emits: { [load.type]: load },
  run(event, context) {
    const percent = event.data.cpuUserPercent;
    if (percent === undefined) return;
    const level = kept * Number(context.state.get("level") ?? percent) + (1 - kept) * percent;
    context.state.set("level", level);
    const was = context.state.get("state") === "busy" ? "busy" : "idle";
    const is = level > busyPercent ? "busy" : level < idlePercent ? "idle" : was;
    context.status(`${is}, ${level.toFixed(0)} %`);
    if (is === was) return;
    context.state.set("state", is);
    context.emit(load.type, { data: { state: is, percent: Math.round(level) } });
  },
});
