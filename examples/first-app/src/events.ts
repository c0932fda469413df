/** The events of this app, in one place: functions take and emit them with their types. */
import { defineEvent, schema } from "@holon/sdk";

export const reading = defineEvent({
  type: "machine.reading",
  data: schema.object({ cpuUserPercent: schema.optional(schema.number()) }),
});

export const load = defineEvent({
  type: "machine.load",
  stream: "alarm",
  class: "derived",
  data: schema.object({ state: schema.enum(["busy", "idle"]), percent: schema.number() }),
});

export const minute = defineEvent({
  type: "machine.minute",
  stream: "data",
  class: "aggregate",
  data: schema.object({ readings: schema.int(), meanPercent: schema.number() }),
});
