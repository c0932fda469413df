/** A few hours of it, and bugs that it must see. The week itself is `npm run sim -- --scenario shared-islands`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeShared, type SharedState } from "@holon/core/shared/state.ts";
import type { NodeParts } from "@holon/node/node.ts";
import { holonProgram } from "../programs/program.ts";
import { runSeed, type Scenario } from "../scenario.ts";
import { settledProgram } from "../programs/settled.ts";
import type { SubjectProgram } from "../subject.ts";
import { sharedApp, sharedIslands } from "./shared-islands.ts";
import { takesTurns } from "../../../scripts/testing/turns.ts";

const planted = takesTurns(3);

const base = await holonProgram();
const size = { hours: 6 };

for (const seed of [3]) {
  test(`islands that write for hours are equal in the end, seed ${seed}`, async () => {
    const { violations, figures, lost, duplicated } = await runSeed(sharedIslands, base, seed, { size });
    assert.deepEqual(violations, []);
    assert.deepEqual([lost, duplicated], [0, 0]);
    assert.ok((figures["sharedChanges"] ?? 0) > 100);
  });
}

async function seen(program: SubjectProgram, pattern: RegExp, seedsMax = 4): Promise<void> {
  const scenario: Scenario = { ...sharedIslands, convergeMsMax: 300_000, program: () => program };
  const all: string[] = [];
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { violations } = await runSeed(scenario, base, seed, { size });
    if (violations.some((violation) => pattern.test(violation))) return;
    all.push(...violations);
  }
  assert.fail(`not seen in ${seedsMax} seeds; only: ${all.slice(0, 5).join("; ")}`);
}
const withParts = (parts: NodeParts): SubjectProgram => settledProgram(base, parts, sharedApp);
const merging = (merge: (one: SharedState, other: SharedState) => SharedState): SubjectProgram => withParts({ mergeShared: merge });

planted("seen: what arrived last is taken", () => seen(merging((_, arrived) => arrived), /the counter .* was acknowledged|otherwise than|which .* saw when/));

planted("seen: a removal takes away what it did not see", () => {
  const removing = (one: SharedState, other: SharedState): SharedState => {
    const merged = mergeShared(one, other);
    if (one.kind !== "set" || other.kind !== "set" || merged.kind !== "set") return merged;
    return { ...merged, elements: new Map([...merged.elements].filter(([text]) => one.elements.has(text) && other.elements.has(text))) };
  };
  return seen(merging(removing), /was added to .* and it is not there/);
});

planted("seen: a node that is opened again writes in the slot of before", () => {
  const settled = withParts({});
  const sameSlot: SubjectProgram = {
    ...settled,
    // Numbers of changes begin again too, in the same generation.
    boot: (config, ports) => settled.boot(config, { ...ports, random: { uniform: () => ports.random.uniform(), bytes: (length) => new Uint8Array(length).fill(config.name.length) } }),
  };
  return seen(sameSlot, /the counter .* was acknowledged|otherwise than/, 8);
});
