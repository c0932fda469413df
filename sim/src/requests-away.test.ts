/** The scenario of a node that is away, shorter, and what it would see if it were otherwise. */
import assert from "node:assert/strict";
import type { Log } from "@holon/core/log/log.ts";
import type { NodeParts } from "@holon/node/index.ts";
import { createErrands } from "@holon/node/diagnosis/errands.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";
import { holonProgram } from "./programs/program.ts";
import { runSeed, type ScenarioRun } from "./scenario.ts";
import { requestsAway } from "./scenarios/requests-away.ts";

const turn = takesTurns(2);
const run = async (parts: NodeParts, seed: number): Promise<ScenarioRun> => runSeed(requestsAway, await holonProgram(parts), seed, { size: { hours: 0.1 } });

turn("requests to a node that is away are done once at the most, and their answers come", async () => {
  const { violations, figures } = await run({}, 1);
  assert.deepEqual(violations, []);
  assert.ok((figures["requests"] ?? 0) > 5, JSON.stringify(figures));
});

turn("a node that forgets in a crash what it has begun is seen", async () => {
  const forgetful: NodeParts = { errands: (options) => createErrands({ ...options, log: ofThisLife(options.log) }) };
  const violations: string[] = [];
  for (let seed = 1; seed <= 6 && violations.length === 0; seed++) violations.push(...(await run(forgetful, seed)).violations);
  assert.match(violations.join("; "), /was done \d times/);
});

/** A log that has nothing of what earlier lives began. */
function ofThisLife(log: Log): Log {
  const written = new Set<string>();
  return {
    origin: log.origin,
    epoch: log.epoch,
    heads: () => log.heads(),
    head: (lane) => log.head(lane),
    read: (...asked) => log.read(...asked),
    find: (query) => log.find(query),
    cells: (prefix) => log.cells(prefix),
    onCommit: (listener) => log.onCommit(listener),
    append(entry) {
      for (const { key } of entry.cells ?? []) written.add(key);
      return log.append(entry);
    },
    cell: (key) => (key.startsWith("errand/") && !written.has(key) ? undefined : log.cell(key)),
  };
}
