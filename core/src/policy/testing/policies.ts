/** Policies and requests of every shape, for tests. */
import fc from "fast-check";
import { dataClasses } from "../../schema/event.ts";
import { actions, type Request } from "../policy.ts";
import { principalKinds } from "../principal.ts";
import type { Transform } from "../transform.ts";

export const places = ["EU", "EU/DE", "EU/DE/BY", "EU/FR", "US", "US/CA", "CH", "EUX"] as const;
const place = fc.constantFrom(...places);
const names = fc.constantFrom("gateway-1", "gateway-2", "edge-1", "app/judge");
const resources = fc.constantFrom("data", "alarm", "GET/v1/nodes", "app/judge", "model/pca");
const lowered = fc.constantFrom("derived", "aggregate", "public");
const transforms: readonly Transform[] = [
  { kind: "aggregate", count: 5 }, { kind: "aggregate", count: 20 }, { kind: "redact" }, { kind: "pseudonymise" }, { kind: "k-anonymise", k: 3 }, { kind: "noise", epsilon: 0.1 }, { kind: "noise", epsilon: 2 }, { kind: "noise", epsilon: 0.1, budget: 3 }, { kind: "release" }, { kind: "function" },
];
const wanted = fc.constantFrom("aggregate", "aggregate count 10", "redact", "pseudonymise", "k-anonymise k 5", "noise epsilon 1", "function");
const listOf = (values: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.uniqueArray(values, { minLength: 1, maxLength: 3 }).map((list) => list.join(" "));
const starred = (values: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(values, values.map((value) => `${value.slice(0, 3)}*`), fc.constant("*"));
const areas = fc.oneof({ weight: 4, arbitrary: listOf(place) }, { weight: 1, arbitrary: listOf(place).map((list) => `outside ${list}`) }, { weight: 1, arbitrary: fc.constant("*") });
const who = fc.oneof(fc.constant("any"), fc.tuple(fc.constantFrom(...principalKinds), starred(names)).map((pair) => pair.join(" ")));

const rule = fc.record({
  effect: fc.constantFrom("permit", "forbid", "approve"),
  who,
  does: listOf(fc.constantFrom(...actions)),
  class: listOf(lowered),
  from: areas,
  to: areas,
  what: fc.option(listOf(starred(resources)), { nil: undefined }),
  into: lowered,
  through: fc.option(wanted, { nil: undefined }),
  when: fc.option(listOf(fc.constantFrom("viewer", "operator")), { nil: undefined }),
});

/** Rules by name `r0`, `r1`, …. */
export const policyText: fc.Arbitrary<string> = fc.array(rule, { maxLength: 12 }).map((rules) =>
  ["policy random 1", ...rules.map(({ effect, when, ...clauses }, index) => [`${effect} r${index}`, ...Object.entries(effect === "approve" ? { ...clauses, does: "call" } : clauses).flatMap(([word, value]) => (value === undefined ? [] : [`  ${word} ${value}`])), ...(when === undefined ? [] : [`  when role ${when}`])].join("\n"))].join("\n"),
);

export const request: fc.Arbitrary<Request> = fc.record({
  principal: fc.record({ kind: fc.constantFrom(...principalKinds), name: names }),
  action: fc.constantFrom(...actions),
  resource: fc.record({ name: resources, class: fc.option(fc.constantFrom(...dataClasses), { nil: undefined }), jurisdiction: fc.option(place, { nil: undefined }), into: fc.option(lowered, { nil: undefined }) }),
  context: fc.record({ destination: fc.option(place, { nil: undefined }), through: fc.option(fc.constantFrom(...transforms), { nil: undefined }), facts: fc.constantFrom({}, { role: "viewer" }, { role: "owner" }) }),
});
