import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdmission, type Admission, type AdmissionBounds } from "@holon/core/link/admission.ts";
import { holonProgram } from "../programs/program.ts";
import { runSeed, type ScenarioRun } from "../scenario.ts";
import { settledProgram } from "../programs/settled.ts";
import { takesAll } from "../testing/takes-all.ts";
import { reconnectStorm } from "./reconnect-storm.ts";
import { takesTurns } from "../../../scripts/testing/turns.ts";

const base = await holonProgram();
const planted = takesTurns(3);
const nodes = 100;

function storm(admission?: (bounds: AdmissionBounds) => Admission): Promise<ScenarioRun> {
  // Sound nodes converge within a hundred seconds; the sick ones need not be watched for long.
  const scenario = { ...reconnectStorm, convergeMsMax: 150_000, program: () => settledProgram(base, admission === undefined ? {} : { admission }) };
  return runSeed(scenario, base, 1, { size: { nodes } });
}

test("a hundred nodes come back at once: all converge, within the bounds of the parent, each in fair time", async () => {
  const { violations, figures, acknowledged, delivered } = await storm();
  assert.deepEqual(violations, []);
  assert.equal(acknowledged, delivered);
  assert.ok((figures["toldLater"] ?? 0) > 0, "nobody was told to come back: the queue was never full");
  assert.ok((figures["arrivedWithinMs"] ?? Infinity) < 60_000);
});

planted("planted: a parent that takes whatever comes is caught at its memory", async () => {
  const { violations } = await storm(takesAll);
  assert.match(violations.join("\n"), /held \d+ bytes of records that were not on disk/);
});

planted("planted: a parent that serves the last first is caught by its waits", async () => {
  const { violations } = await storm((bounds) => {
    const right = createAdmission(bounds);
    let sinceMs: number | undefined;
    return { ...right, asked: (session, ask, nowMs) => right.asked(session, { ...ask, waitedMs: Math.max(0, 2 * (nowMs - (sinceMs ??= nowMs)) - ask.waitedMs) }, nowMs) };
  });
  assert.match(violations.join("\n"), /times its fair share/);
});

planted("planted: a parent that grants an ask anew when it is repeated, and takes nothing back, is caught by the credit that nobody uses", async () => {
  const { violations } = await storm((bounds) => {
    const right = createAdmission(bounds);
    const used = new Map<number, number>();
    return {
      ...right,
      asked: (session, ask, nowMs) => right.asked(session, { ...ask, bytes: ask.bytes + right.credit(session).data - (used.get(session) ?? 0) }, nowMs),
      received(session, dataBytes, alarmBytes) {
        used.set(session, (used.get(session) ?? 0) + dataBytes);
        return right.received(session, dataBytes, alarmBytes);
      },
      returned: () => [],
    };
  });
  assert.match(violations.join("\n"), /hold \d+ bytes of credit that they asked for and do not use/);
});
