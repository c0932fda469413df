import type { Event } from "@holon/core/schema/event.ts";
import { words } from "./strings.ts";

export type { Event };

export const originOf = ({ id }: Pick<Event, "id">): string => id.split("/")[0] ?? "";
export const streamOf = ({ id }: Pick<Event, "id">): string => id.split("/").at(-2) ?? "";

/** The trace that is followed through it; undefined where nobody writes down its steps. */
export function traceOf({ traceparent }: Event): string | undefined {
  const [, trace, flags = "0"] = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})/.exec(traceparent ?? "") ?? [];
  return Number.parseInt(flags, 16) % 2 === 1 ? trace : undefined;
}

/** What an event says, in a line: its own words first, then a few figures. */
export function saysOf({ data }: Event): string {
  if (data === null || typeof data !== "object") return data === undefined ? "" : String(data);
  const fields = Object.entries(data).filter(([name]) => !namesOnly.has(name));
  const told = fields.find(([name]) => name === "message" || name === "because" || name === "reason");
  const causes = fields.find(([name]) => name === "causes")?.[1];
  if (Array.isArray(causes) && causes.length > 0) return [causes.map(causeOf).join(", "), ...brief(fields)].join(" · ");
  return told !== undefined ? [String(told[1]), ...brief(fields.filter(([name]) => name !== told[0]))].join(" · ") : brief(fields).join(" · ");
}

/** Who did what an event tells of: by name, and where they asked for it. */
export function whoOf(data: Readonly<Record<string, unknown>>): string {
  const who = data["by"] ?? data["who"] ?? data["principal"];
  if (who === null || typeof who !== "object") return who === undefined || who === null ? "" : String(who);
  const { principal, at, approvedBy } = Object.fromEntries(Object.entries(who)) as Readonly<Record<string, unknown>>;
  return typeof principal !== "string" ? JSON.stringify(who) : words.policy.asked(principal, typeof at === "string" ? at : undefined, typeof approvedBy === "string" ? approvedBy : undefined);
}

/** What tells an event from others, and tells people nothing. */
const namesOnly = new Set(["id", "rule", "kind"]);

/** Milliseconds since 1970, which no span is as long as. */
const isTime = (name: string, value: unknown): boolean => name.endsWith("Ms") && typeof value === "number" && value > 1e12 && value < 1e13;

const briefMax = 5;
const brief = (fields: readonly (readonly [string, unknown])[]): readonly string[] =>
  fields.flatMap(([name, value]) => (typeof value === "number" || typeof value === "boolean" ? [isTime(name, value) ? `${name.slice(0, -2)} ${new Date(Number(value)).toISOString()}` : `${name} ${typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value}`] : typeof value === "string" && value.length <= 80 ? [name === "state" ? (["open", "closed", "firing", "resolved"].includes(value) ? "" : value) : `${name} ${value}`] : [])).filter((text) => text !== "").slice(0, briefMax);

function causeOf(cause: unknown): string {
  const { sensor, share } = typeof cause === "object" && cause !== null ? (Object.fromEntries(Object.entries(cause)) as Readonly<Record<string, unknown>>) : {};
  return typeof sensor === "string" && typeof share === "number" ? `${sensor} ${Math.round(100 * share)} %` : String(cause);
}

/** Alerts open and close; `undefined` of what is no alert. */
export function alertState({ data }: Event): "open" | "closed" | undefined {
  const state: unknown = data !== null && typeof data === "object" && "state" in data ? data.state : undefined;
  if (state === "firing") return "open";
  if (state === "resolved") return "closed";
  return state === "open" || state === "closed" ? state : undefined;
}
