/** Which way an alert goes, and whether it is told at present: pure. */
import { z } from "zod";
import type { Alert } from "../telemetry/alert.ts";
import type { AlertRoute } from "../schema/alerting.ts";

const timeSchema = z.iso.datetime();

/** What is not told until a time, by whom and why. What it names must all fit. */
export const silencedSchema = z.object({
  name: z.string(),
  rule: z.string().optional(),
  subject: z.string().optional(),
  site: z.string().optional(),
  app: z.string().optional(),
  from: timeSchema,
  until: timeSchema,
  because: z.string(),
  by: z.string(),
});
export type Silenced = z.infer<typeof silencedSchema>;

export const goesBy = ({ severity, kinds, sites, apps }: AlertRoute, alert: Alert): boolean =>
  (severity === undefined || severity === alert.severity) &&
  (kinds === undefined || kinds.includes(alert.kind)) &&
  (sites === undefined || (alert.site !== undefined && sites.includes(alert.site))) &&
  (apps === undefined || (alert.app !== undefined && apps.includes(alert.app)));

export const isSilenced = (silences: readonly Silenced[], alert: Alert, nowMs: number): boolean => silences.some((one) => covers(one, alert, nowMs));

/** Until when an alert is not told, as it is shown: what was over before somebody silenced anything was not silenced. */
export const silencedUntil = (silences: readonly Silenced[], alert: Alert, nowMs: number): string | null =>
  silences.filter((one) => covers(one, alert, nowMs) && Date.parse(one.from) <= (alert.until === null ? Infinity : Date.parse(alert.until))).map(({ until }) => until).sort().at(-1) ?? null;

const covers = ({ rule, subject, site, app, from, until }: Silenced, alert: Alert, nowMs: number): boolean =>
  Date.parse(from) <= nowMs &&
  nowMs < Date.parse(until) &&
  (rule === undefined || rule === alert.rule) &&
  (subject === undefined || subject === alert.subject) &&
  (site === undefined || site === alert.site) &&
  (app === undefined || app === alert.app);
