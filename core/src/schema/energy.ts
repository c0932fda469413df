/** What a kilowatt-hour emits and costs, by the hour; where a node has that from; and work that waits for the good hours of it. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { eventTypeSchema } from "./event.ts";
import { nameSchema } from "./name.ts";
import { scheduleTriggerSchema } from "./trigger.ts";

/** `carbon`: grams a kilowatt-hour. `price`: currency of the fleet a kilowatt-hour, which may be below zero. */
export const energyKinds = ["carbon", "price"] as const;
export type EnergyKind = (typeof energyKinds)[number];

/** From where a node has a curve. Of a file or an address: CSV as published (`docs/concepts/energy.md`), prices a megawatt-hour. Of events: `{startMs, values}` a kilowatt-hour. */
export const feedSchema = z.union([
  z.strictObject({ file: z.string().min(1).max(4_096) }),
  /** With a token in it, it is a secret: then name that. */
  z.strictObject({ url: z.url({ protocol: /^https?$/ }).max(2_048) }),
  z.strictObject({ secretUrl: nameSchema }),
  z.strictObject({ event: eventTypeSchema }),
]);
export type FeedSource = z.infer<typeof feedSchema>;
export type ReadSource = Exclude<FeedSource, { readonly event: string }>;
/** As it is told: what an address is asked besides where it leads may be nobody else's to know. */
export function sourceName(source: ReadSource): string {
  if ("file" in source) return source.file;
  if ("secretUrl" in source) return `the address in secret ${source.secretUrl}`;
  const { protocol, host, pathname } = new URL(source.url);
  return `${protocol}//${host}${pathname}`;
}
export const feedsSchema = z.strictObject({ carbon: feedSchema, price: feedSchema }).partial();

const values = z.array(z.number()).min(1).max(limits.curveHoursMax);

/** Of an event that brings a curve. */
export const curveDataSchema = z.object({ startMs: z.int().min(0), values });

/** One hour after the other, without a gap. */
export const energyCurveSchema = z.strictObject({
  kind: z.enum(energyKinds),
  startMs: z.int().min(0),
  values,
  /** When it was read: what lies before has happened, what lies behind is foretold. */
  asOfMs: z.number().min(0),
  /** `file …`, `http …`, `event …`: for people. */
  from: z.string().min(1).max(256),
});
export type EnergyCurve = z.infer<typeof energyCurveSchema>;
export const curveEvent = "holon.node.curve";

/** A unit that does its work once in a while, and may do it later (`deferrableHours`). */
export const jobSchema = z.strictObject({
  /** How long a run takes. */
  hours: z.int().min(1).max(limits.jobHoursMax),
  /** It may pause between two hours of its run. */
  interruptible: z.boolean().optional(),
  /** What is to be little while it runs. */
  by: z.enum(energyKinds).optional(),
  /** When there is work, where the unit has no schedule as its trigger: it then works off what has come. */
  schedule: scheduleTriggerSchema.shape.schedule.optional(),
});
export type JobNeeds = z.infer<typeof jobSchema>;

/** As far as a date can be told of it. */
const timeMs = z.number().min(-8.64e15).max(8.64e15);

/** The run that is planned next: from when there is work, and when the run after it is due. */
export const jobRunSchema = z.strictObject({ arrivesMs: timeMs, nextMs: timeMs });

const windowsSchema = z.array(z.strictObject({ fromMs: timeMs, toMs: timeMs })).max(limits.jobHoursMax);

export const shiftSchema = z.strictObject({
  by: z.enum(energyKinds),
  arrivesMs: timeMs,
  /** When it is to be done at the latest. */
  deadlineMs: timeMs,
  /** When the run after it is due. */
  nextMs: timeMs,
  /** When it runs, ascending. */
  windows: windowsSchema,
  /** Mean of the curve over those, and where it ran from its arrival on; null: nobody knows. */
  planned: z.number().nullable(),
  atOnce: z.number().nullable(),
  /** `repeated`: a part of the curve is not known, and the day before stands in for it. `unknown`: no curve is, and it runs at once. */
  basis: z.enum(["curve", "repeated", "unknown"]),
});
export type Shift = z.infer<typeof shiftSchema>;

/** `holon.unit.shifted`: a run is done. */
export const shiftedSchema = z.strictObject({
  unit: z.string().min(3).max(127),
  ...shiftSchema.shape,
  /** Who chose the hours: control's plan, or the node by the last curve it knew. */
  chosenBy: z.enum(["plan", "node"]),
  /** When it was let run, and as long as it had work. */
  ran: windowsSchema,
  doneMs: timeMs,
  late: z.boolean(),
  /** Means over `ran`, and over the same time from its arrival on, by the curve as it is known now. */
  actual: z.number().nullable(),
  actualAtOnce: z.number().nullable(),
});
export type Shifted = z.infer<typeof shiftedSchema>;
export const shiftedEvent = "holon.unit.shifted";
