/**
 * What one node knows of one thing that is wrong, from whomever it heard: its own look, alarms in its log, or the word of a node below. One rule about one subject is one incident while it lasts,
 * however many tell of it; it is over when all of them say so. Pure.
 */
import { z } from "zod";
import { dataClassSchema, type DataClass } from "../schema/event.ts";
import { alertSchema, type Alert } from "../telemetry/alert.ts";

const timeSchema = z.iso.datetime();
export const toldStates = ["firing", "resolved"] as const;
export type ToldState = (typeof toldStates)[number];

export const incidentSchema = z.object({
  alert: alertSchema,
  /** Of what it tells, for the guard. */
  class: dataClassSchema,
  jurisdiction: z.string(),
  /** Who told of it, each under an id of its own: the first names the incident. */
  tellers: z.array(z.object({ id: z.string(), node: z.string(), isOver: z.boolean() })),
  told: z.array(z.object({ route: z.string(), state: z.enum(toldStates), at: timeSchema, refused: z.string().optional(), /** As which it was told; where none is said, as what it was last. */ severity: alertSchema.shape.severity.optional() })),
  acknowledged: z.object({ by: z.string(), at: timeSchema, note: z.string() }).nullable(),
  /** Of an alarm: when the newest was recorded. */
  lastMs: z.number().optional(),
  /** Of an alarm: it said that it is open, and lasts until it says that it is over. */
  isOpen: z.boolean().optional(),
});
export type Incident = z.infer<typeof incidentSchema>;

export interface Heard {
  readonly alert: Alert;
  readonly class: DataClass;
  readonly jurisdiction: string;
  readonly node: string;
  readonly lastMs?: number | undefined;
  readonly isOpen?: boolean | undefined;
}

export const begin = ({ alert, class: dataClass, jurisdiction, node, lastMs, isOpen }: Heard): Incident => ({
  alert: { ...alert, node },
  class: dataClass,
  jurisdiction,
  tellers: [{ id: alert.id, node, isOver: alert.state === "resolved" }],
  told: [],
  acknowledged: null,
  ...(lastMs === undefined ? {} : { lastMs }),
  ...(isOpen === true ? { isOpen } : {}),
});

/** The same told again, or by another. What is over stays over. */
export function hearAgain(incident: Incident, { alert, node }: Heard): Incident {
  if (incident.alert.state === "resolved") return incident;
  const known = incident.tellers.some(({ id }) => id === alert.id);
  const tellers = known
    ? incident.tellers.map((teller) => (teller.id === alert.id ? { ...teller, isOver: teller.isOver || alert.state === "resolved" } : teller))
    : [...incident.tellers, { id: alert.id, node, isOver: alert.state === "resolved" }];
  const isFirst = incident.alert.id === alert.id;
  const isOver = tellers.every((teller) => teller.isOver);
  const { severity, value } = isFirst ? alert : incident.alert;
  // What was said while it lasted: for another who told of it, it may last.
  const { message } = isFirst && alert.state !== "resolved" ? alert : incident.alert;
  const until = [incident.alert.until, alert.until].filter((time) => time !== null).sort().at(-1) ?? null;
  return { ...incident, tellers, alert: { ...incident.alert, severity, value, message, count: incident.alert.count + (known ? 0 : 1), state: isOver ? "resolved" : "firing", until: isOver ? until : null } };
}

/**
 * What was over when it was told here, and overlaps with what was over already: one silence that two nodes told of, the word of one of which was on its way until it was over, and not a second one. Of what somebody
 * was told under its own name nothing is taken back.
 */
export function isSameEpisode(one: Incident, { alert: other, told, acknowledged }: Incident): boolean {
  const { alert } = one;
  if (alert.kind !== "silence" || alert.id === other.id || alert.rule !== other.rule || alert.subject !== other.subject || told.length > 0 || acknowledged !== null) return false;
  return alert.until !== null && other.until !== null && alert.since <= other.until && other.since <= alert.until;
}

/** Both as one, under the name and the beginning of the first, until the later of both ends: who was told of it, was told. */
export const mergedWith = (one: Incident, { alert, tellers }: Incident): Incident => ({
  ...one,
  tellers: [...one.tellers, ...tellers],
  alert: { ...one.alert, count: one.alert.count + alert.count, until: [one.alert.until ?? "", alert.until ?? ""].sort().at(-1) ?? null },
});

/** One node that told of it knows no more of it, and another does: it is over there. `because`: why it is over altogether, where it is by that. */
export function over(incident: Incident, accepts: (node: string) => boolean, until: string, because?: string): Incident {
  const now = incident.tellers.filter(({ node, isOver }) => !isOver && accepts(node)).reduce((one, { id, node }) => hearAgain(one, { ...one, alert: { ...one.alert, id, state: "resolved", until }, node }), incident);
  return because === undefined || now.alert.state !== "resolved" || incident.alert.state === "resolved" ? now : { ...now, alert: { ...now.alert, because } };
}

export const wasTold = ({ told }: Incident, route: string, state: ToldState, as?: Alert["severity"]): boolean => told.some((one) => one.route === route && one.state === state && (as === undefined || one.severity === as));

/** What a route is to be told next. */
export interface Owed {
  readonly state: ToldState;
  /** It calls somebody by now, and was told as one that does not. */
  readonly hasRisen?: true;
}

/** That it is, again where it has become a page since, then that it is over. What was over before it could be told is told once, as over: nobody is called for what is not any more. */
export function owed(incident: Incident, route: string, wantsResolved: boolean): Owed | undefined {
  const { alert, told } = incident;
  if (alert.state === "resolved") return wantsResolved && !wasTold(incident, route, "resolved") ? { state: "resolved" } : undefined;
  const before = told.filter((one) => one.route === route && one.state === "firing");
  if (before.length === 0) return { state: "firing" };
  return alert.severity === "page" && before.every(({ severity }) => severity === "ticket") ? { state: "firing", hasRisen: true } : undefined;
}
