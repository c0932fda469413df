/** Functions that share state, on real nodes through power cuts: what they share and what they keep for themselves are one append. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { counterValue } from "@holon/core/shared/counter.ts";
import { differences } from "./checkers/shared-equal.ts";
import type { Fleet } from "./fleet.ts";
import { holonProgram } from "./programs/program.ts";
import { runSeed, type Scenario } from "./scenario.ts";
import { scenarios } from "./run.ts";
import { buildChain } from "./scenarios/faults.ts";

const source = `export default {
  kind: "holon.function",
  on: { type: "sim.reading" },
  emits: { "sim.count": { stream: "data", class: "aggregate" }, "sim.alarm": { stream: "alarm", class: "derived" } },
  models: [],
  run(event, context) {
    const count = (context.state.get("count") ?? 0) + 1;
    context.state.set("count", count);
    const seen = context.shared.counter("seen");
    const before = seen.value();
    seen.add(1);
    if (seen.value() !== before + 1 || seen.value() < count) context.state.set("blind", seen.value());
    context.shared.register("last").set({ count });
    const open = context.shared.set("open");
    if (open.has(count % 7)) open.remove(count % 7);
    else open.add(count % 7);
    if (count % 10 === 0) context.emit("sim.count", { data: { count } });
  },
};
`;
const shared = [
  { name: "seen", kind: "counter", class: "aggregate" },
  { name: "last", kind: "register", class: "aggregate" },
  { name: "open", kind: "set", class: "derived" },
] as const;
const program = await holonProgram({}, source, { shared: [...shared] });
const known = scenarios.get("cut-and-heal");
assert(known !== undefined, "cut-and-heal is a scenario");

const entriesOf = (fleet: Fleet) => fleet.honest.map(({ machine }) => ({ node: machine.name, texts: new Map((machine.subject?.shared?.entries() ?? []).map(({ id, text }) => [id, text])) }));

const scenario: Scenario = {
  ...known,
  watch: (fleet) => ({ see: () => undefined, hasConverged: () => differences(entriesOf(fleet)).length === 0, violations: () => differences(entriesOf(fleet)) }),
  findings(fleet) {
    let counted = 0;
    const blind: string[] = [];
    for (const { machine } of fleet.honest) {
      const cell = machine.subject?.log.cell("state/counter/count/count");
      if (machine.subject?.log.cell("state/counter/count/blind") !== undefined) blind.push(`the function on ${machine.name} did not see what it had done itself`);
      if (cell !== undefined) counted += Number(new TextDecoder().decode(cell));
    }
    const state = fleet.root.machine.subject?.shared?.entry("counter/counter/seen/")?.state;
    const value = state?.kind === "counter" ? counterValue(state) : 0;
    return { violations: value === counted ? blind : [...blind, `the shared counter is ${value}, and the functions counted ${counted}`], figures: { counted } };
  },
};

for (const seed of [1, 2, 3]) {
  test(`a shared counter is what the functions of all gateways counted, through power cuts, seed ${seed}`, async () => {
    const { violations, figures, crashes } = await runSeed(scenario, program, seed);
    assert.deepEqual(violations, []);
    assert.ok((figures["counted"] ?? 0) > 50 && crashes > 0, `counted ${figures["counted"]} over ${crashes} crashes`);
  });
}

test("a function that works through a backlog, batch after batch, sees what it did in the batch before", async () => {
  const build: Scenario["build"] = (fleet) => buildChain(fleet, fleet.world.random.fork("topology"), { gateways: 1, readingsPerSecond: 20, burstMax: 1_000 });
  const { violations, figures } = await runSeed({ ...scenario, build, safetyMs: () => 15_000, plan: () => undefined }, program, 1);
  assert.deepEqual(violations, []);
  assert.ok((figures["counted"] ?? 0) > 1_000, `counted ${figures["counted"]}`);
});
