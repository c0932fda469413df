/**
 * Whatever triggers a function reaches it as events of its own node: what is no event yet is made one, in `local`. So a function has one
 * way in, its position is one number, and nothing that triggered it is handled twice or forgotten.
 */
import type { EventTrigger, Trigger, WindowTrigger } from "../schema/trigger.ts";

interface Triggered {
  readonly name: string;
  readonly on: Trigger;
}

export const tickType = (app: string, fn: string): string => `holon.tick.${app}.${fn}`;
export const requestType = (app: string, fn: string): string => `holon.request.${app}.${fn}`;
export const stateType = (app: string, fn: string): string => `holon.state.${app}.${fn}`;
/** What a function answers a request with. */
export const responseType = "holon.response";

/** The events by which it is reached. */
export function inputOf(app: string, { name, on }: Triggered): EventTrigger | WindowTrigger {
  if ("schedule" in on) return { type: tickType(app, name) };
  if ("http" in on) return { type: requestType(app, name) };
  if (!("state" in on)) return on;
  const { function: owner, key } = on.state;
  return { type: stateType(app, owner), ...(key === undefined ? {} : { subject: key }) };
}

/** Functions of the app whose state some other function follows. */
export const followedStates = (functions: readonly Triggered[]): ReadonlySet<string> => new Set(functions.flatMap(({ on }) => ("state" in on ? [on.state.function] : [])));

const wildcard = (pattern: string): string | undefined => (pattern.endsWith("*") ? pattern.slice(0, -1) : undefined);

/** Whether a pattern with `*` at its end, or a plain text, has this text. */
export function fits(pattern: string, text: string | undefined): boolean {
  const begins = wildcard(pattern);
  return begins === undefined ? text === pattern : text?.startsWith(begins) === true;
}

/** How the JSON of all stored events of a pattern of types begins. */
export const typePrefix = (pattern: string): string => {
  const begins = wildcard(pattern);
  return begins === undefined ? `{"type":${JSON.stringify(pattern)},` : `{"type":${JSON.stringify(begins).slice(0, -1)}`;
};
