import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EgressRule } from "../schema/app.ts";
import { dataClasses } from "../schema/event.ts";
import { decideEgress } from "./egress.ts";

const place = fc.constantFrom("EU", "EU/DE", "EU/DE/BY", "EU/FR", "US", "US/CA", "EUX");
const rule: fc.Arbitrary<EgressRule> = fc.record({ class: fc.constantFrom("derived", "aggregate", "public"), to: fc.oneof(place, fc.constant("*")) });

test("deny by default, and say so", () => {
  assert.deepEqual(decideEgress([], "derived", "EU/DE"), { allow: false, rule: "no rule lets derived leave" });
  assert.deepEqual(decideEgress([{ class: "derived", to: "*" }], "aggregate", "EU/DE"), { allow: false, rule: "no rule lets aggregate leave" });
  assert.deepEqual(decideEgress([{ class: "derived", to: "EU" }], "derived", "EU/DE"), { allow: true, rule: "egress derived to EU" });
});

test("raw and personal never leave, whatever the rules; public always may", () => {
  fc.assert(
    fc.property(fc.array(rule), place, (rules, destination) => {
      for (const never of ["raw", "personal"] as const) assert.deepEqual(decideEgress(rules, never, destination), { allow: false, rule: `${never} never leaves` });
      assert.equal(decideEgress(rules, "public", destination).allow, true);
    }),
  );
});

test("a jurisdiction covers those below it and no others", () => {
  const covers = (to: string, destination: string): boolean => decideEgress([{ class: "derived", to }], "derived", destination).allow;
  const table = [["EU", "EU", true], ["EU", "EU/DE", true], ["EU/DE", "EU", false], ["EU", "EUX", false], ["EU/D", "EU/DE", false], ["*", "US", true], ["EU/DE", "EU/DE/BY", true]] as const;
  for (const [to, destination, expected] of table) assert.equal(covers(to, destination), expected, `${to} ${destination}`);
});

test("more rules never take away what fewer allowed, and every answer names its rule", () => {
  fc.assert(
    fc.property(fc.array(rule), rule, fc.constantFrom(...dataClasses), place, (rules, more, dataClass, destination) => {
      const before = decideEgress(rules, dataClass, destination);
      const after = decideEgress([...rules, more], dataClass, destination);
      assert.ok(!before.allow || after.allow);
      assert.ok(after.rule.includes(dataClass));
    }),
  );
});
