import assert from "node:assert/strict";
import { test } from "node:test";
import { checkShifted, type ExpectedJob, type JobsSeen } from "./shifted.ts";

const hourMs = 3_600_000;
const dueMs = Date.UTC(2027, 0, 15);
const at = (hour: number): number => dueMs + hour * hourMs;
const job: ExpectedJob = { unit: "lab/train", hours: 2, slackHours: 4, interruptible: false, by: "carbon", nodes: ["north-1"], tells: true };
const truth = (_node: string, _kind: string, ms: number): number => 100 + Math.floor((ms - dueMs) / hourMs);
const run: JobsSeen["runs"][number] = {
  node: "north-1", unit: "lab/train", by: "carbon", arrivesMs: dueMs, deadlineMs: at(6), nextMs: at(24), windows: [{ fromMs: at(2), toMs: at(4) }], planned: 1, atOnce: 2, basis: "curve", chosenBy: "plan",
  ran: [{ fromMs: at(2), toMs: at(3) }, { fromMs: at(3), toMs: at(3.5) }], doneMs: at(3.5), late: false, actual: (102 + 103 / 2) / 1.5, actualAtOnce: (100 + 101 / 2) / 1.5,
};
const seen = (more: Partial<JobsSeen["runs"][number]> = {}, other: Partial<JobsSeen> = {}): JobsSeen => ({ runs: [{ ...run, ...more }], told: [{ unit: "lab/train", dueMs, node: "north-1" }], due: [dueMs], everyMs: 24 * hourMs, truth, ...other });

test("a run that was done once, in time, in its place, and told as it was, is right", () => {
  assert.deepEqual(checkShifted([job], seen()), []);
});

test("whatever is wrong with a run is seen", () => {
  const cases: readonly (readonly [JobsSeen, RegExp])[] = [
    [seen({}, { runs: [] }), /was never done/],
    [seen({}, { runs: [run, run] }), /was done 2 times/],
    [seen({}, { told: [{ unit: "lab/train", dueMs, node: "north-1" }, { unit: "lab/train", dueMs, node: "north-2" }] }), /ran twice: on north-1 and north-2/],
    [seen({}, { told: [] }), /is told as done and never ran/],
    [seen({ node: "south-1" }), /ran on south-1, where it may not/],
    [seen({ doneMs: at(6.5) }), /done 1800 s after its deadline/],
    [seen({ ran: [{ fromMs: at(-1), toMs: at(0) }], actual: null }), /began before it was due/],
    [seen({ windows: [{ fromMs: at(2), toMs: at(5) }] }), /3 hours are planned of 2/],
    [seen({ windows: [{ fromMs: at(5), toMs: at(7) }] }), /lie outside of its time/],
    [seen({ windows: [{ fromMs: at(0), toMs: at(1) }, { fromMs: at(2), toMs: at(3) }] }), /planned in pieces/],
    [seen({ actual: 101 }), /101 is told, and it was 102\.33/],
    [seen({ actualAtOnce: 140 }), /140 at once is told, and it was 100\.33/],
  ];
  for (const [fleet, says] of cases) assert.match(checkShifted([job], fleet).join("; "), says);
});
