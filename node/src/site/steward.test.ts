import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { Clock } from "@holon/core/ports.ts";
import { delegationSchema, overlaySchema, type Delegation, type Overlay } from "@holon/core/schema/delegation.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { createEvents } from "../event/events.ts";
import { createSteward } from "./steward.ts";

const member = (name: string) => ({ name, tier: "gateway", site: "plant", jurisdiction: "EU/DE", trust: "enrolled", providers: ["cpu"], capacity: { processors: 2, memoryBytes: 1e9, diskBytes: 1e9 } });
const delegation = (serial: number, units = ["a/f"]) => delegationSchema.parse({ site: "plant", serial, members: ["g1", "g2", "g3"].map(member), units: units.map((unit) => ({ unit, home: "g1", needs: { name: unit.slice(2) } })) });

/** The lead of a site that is cut off, whose member g1 is not heard. */
function bed() {
  let nowMs = 0;
  let number = 0;
  let left: Delegation | undefined = delegation(1);
  const clock: Clock = { ...createClock(), monotonicMs: () => nowMs, elapsedMs: () => nowMs };
  const told: Overlay[] = [];
  const steward = createSteward({ self: "g2", events: createEvents({ name: "g2", jurisdiction: "EU/DE" }, createClock()), ports: { clock, crypto: createCrypto() }, leads: () => 3, delegation: () => left, append: (record) => void told.push(overlaySchema.parse(JSON.parse(new TextDecoder().decode(record.bytes)).data)) });
  /** Everybody of these asks for a while. */
  const pass = (ms: number, from: readonly string[]): void => {
    for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += limits.siteUnitAskMs) {
      for (const name of from) steward.ask(name, { epoch: name, number: ++number, serial: left?.serial ?? 0, isConnected: false, units: { "a/f": { runs: null, spare: null, isWithheld: false } } });
    }
  };
  return { told, pass, leave: (next: Delegation | undefined) => void (left = next) };
}

test("what a lead decided under one delegation and does not under the next is told as back, and where nothing is left to the site too", () => {
  for (const next of [delegation(2, ["a/other"]), undefined]) {
    const { told, pass, leave } = bed();
    pass(3 * limits.siteUnitReturnMs + 10 * limits.siteUnitLeaseMs, ["g2", "g3"]);
    assert.deepEqual(told.map(({ units, back }) => [units.map(({ unit, home }) => `${unit} of ${home}`), back]), [[["a/f of g1"], []]]);
    leave(next);
    pass(2 * limits.siteUnitReturnMs, next === undefined ? ["g2", "g3"] : ["g1", "g2", "g3"]);
    const after = told.slice(1);
    assert.ok(after.some(({ back }) => back.includes("a/f")), JSON.stringify(after));
    assert.ok(after.every(({ units }) => units.every(({ unit }) => unit !== "a/f")));
  }
});
