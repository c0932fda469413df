/** Whether a rule is for a request: the whole meaning of a policy, one clause after the other. What is compiled is held against this. */
import type { DataClass } from "../schema/event.ts";
import { covers, overlaps } from "./jurisdiction.ts";
import { fitsPattern, type Places, type Request, type Rule } from "./policy.ts";
import { satisfies } from "./transform.ts";

/** Classes that readings may be born with by any permit to open their source; a less sensitive one is its author's word that they may leave, and takes a permit that names it. */
const bornSo: readonly DataClass[] = ["raw", "personal"];

/** The first clause by which the rule is not for the request; `undefined` if it is for it. */
export function mismatch(rule: Rule, { principal, action, resource, context }: Request): string | undefined {
  const forbids = rule.effect !== "permit"; // what asks more of a request is for it in doubt
  const isFor = <Value>(list: readonly Value[], known: boolean, fits: (value: Value) => boolean): boolean => list.length === 0 || (known ? list.some(fits) : forbids);
  if (!rule.does.includes(action)) return "does";
  if (!rule.who.some(({ kind, name }) => (kind === "any" || kind === principal.kind) && fitsPattern(name, principal.name))) return "who";
  if (!isFor(rule.what, true, (pattern) => fitsPattern(pattern, resource.name))) return "what";
  if (!isFor(rule.classes, resource.class !== undefined, (own) => own === resource.class)) return "class";
  if (action === "open" && !forbids && rule.classes.length === 0 && resource.class !== undefined && !bornSo.includes(resource.class)) return "class";
  if (!isFor(rule.into, resource.into !== undefined, (own) => own === resource.into)) return "into";
  if (!isForPlace(rule.from, resource.jurisdiction, forbids)) return "from";
  if (!isForPlace(rule.to, context.destination, forbids)) return "to";
  const { through, facts = {} } = context;
  if (!isFor(rule.through, through !== undefined, (wanted) => through !== undefined && satisfies(through, wanted))) return "through";
  for (const [fact, values] of rule.when) {
    const own = Object.hasOwn(facts, fact) ? facts[fact] : undefined;
    if (!isFor(values, own !== undefined, (value) => value === own)) return `when ${fact}`;
  }
  return undefined;
}

/** A permit needs the whole of the place, a forbid any part of it: `EU` may be `EU/FR`. */
function isForPlace(places: Places | undefined, place: string | undefined, forbids: boolean): boolean {
  if (places === undefined) return true;
  const { outside, names } = places;
  if (place === undefined) return forbids || (!outside && names.includes("*"));
  const touches = forbids !== outside ? overlaps : covers;
  return names.some((name) => touches(name, place)) !== outside;
}
