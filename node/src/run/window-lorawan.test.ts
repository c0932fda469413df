import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runStage, lastRevisions, trueWindows, type Step } from "@holon/core/stream/testing/window-run.ts";
import type { UnitEvent } from "@holon/core/ports.ts";
import { windowTriggerSchema, type WindowTriggerInput } from "@holon/core/schema/trigger.ts";
import { SeededRandom } from "@holon/sim/random.ts";
import { lorawanFiles, lorawanTruth, needLorawan, readUplinks } from "../testing/lorawan.ts";

const minuteMs = 60_000;
const allowedMs = 60 * minuteMs;

/** Frames in the order in which they really arrived. */
function framesOf(file: string): readonly UnitEvent[] {
  const rows = readUplinks(file);
  return lorawanTruth(rows).frames.flatMap((index) => {
    const row = rows[index];
    if (row === undefined) return [];
    return [{ id: `g/e/local/${index + 1}`, type: "lora.uplink", source: "/g", subject: row.dev_eui, timeMs: row.reported_at, arrivedMs: row.arrivedMs, data: `${row.devaddr} ${row.fcnt}` }];
  });
}

const steps = (events: readonly UnitEvent[], random?: SeededRandom): readonly Step[] => {
  const out: Step[] = [];
  for (let from = 0; from < events.length; ) {
    const size = random === undefined ? 256 : random.integer(1, 300);
    out.push({ events: events.slice(from, from + size), restarts: random?.chance(0.1) ?? false });
    from += size;
  }
  return out;
};

const kinds: Readonly<Record<string, WindowTriggerInput["window"]>> = {
  tumbling: { kind: "tumbling", sizeMs: 60 * minuteMs },
  sliding: { kind: "sliding", sizeMs: 30 * minuteMs, everyMs: 10 * minuteMs },
  session: { kind: "session", gapMs: 30 * minuteMs },
};

describe("windows over the LoRaWAN recordings", () => {
  for (const [kind, window] of Object.entries(kinds)) {
    it(`${kind}: what the file itself says, in order, as they arrived, shuffled within the allowed lateness, and after a 10-hour partition`, needLorawan, (context) => {
      const random = new SeededRandom("lorawan");
      const events = framesOf(lorawanFiles.testers);
      const trigger = windowTriggerSchema.parse({ type: "lora.uplink", window, late: { allowedMs, rule: "drop" } });
      const last = new Map([...events].map((event) => [event.subject, event]));
      const end = { events: [...last.values()].map((event) => ({ ...event, timeMs: event.timeMs + 1e10, arrivedMs: event.arrivedMs + 1e10, data: "end" })) };
      const inOrder = events.toSorted((a, b) => a.timeMs - b.timeMs);
      const jitter = new Map(events.map((event) => [event, event.timeMs + random.integer(0, allowedMs - 1)]));
      const shuffled = events.toSorted((a, b) => (jitter.get(a) ?? 0) - (jitter.get(b) ?? 0));
      // In the middle of the recording the site is cut off: ten hours of frames come when the other devices have gone on.
      const cutMs = events[Math.floor(events.length / 2)]?.timeMs ?? 0;
      const isCut = (event: UnitEvent): boolean => event.subject === events[Math.floor(events.length / 2)]?.subject && event.timeMs >= cutMs;
      const healMs = cutMs + 10 * 60 * minuteMs;
      const partitioned = [...shuffled.filter((event) => !isCut(event)), ...shuffled.filter((event) => isCut(event) && event.timeMs < healMs), ...shuffled.filter((event) => isCut(event) && event.timeMs >= healMs)];
      const printed = (order: readonly Step[]): readonly string[] => {
        const { ran, leftOut } = runStage(trigger, [...order, end]);
        assert.deepEqual(leftOut, []);
        return lastRevisions(ran).filter((text) => !text.endsWith(`: "end"`));
      };
      const expected = trueWindows(trigger.window, "subject", events);
      assert.ok(expected.length > 100);
      for (const order of [steps(inOrder), steps(events), steps(shuffled), steps(shuffled, random), steps(partitioned), steps(partitioned, random)]) assert.deepEqual(printed(order), expected);
      context.diagnostic(`${kind}: ${events.length} frames, ${expected.length} windows, ${partitioned.filter(isCut).filter(({ timeMs }) => timeMs < healMs).length} frames held back for ten hours`);
    });
  }
});
