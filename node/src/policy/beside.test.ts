/** What Holon itself writes beside readings tells nothing of what they hold. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import type { Door, DoorSink } from "@holon/core/ports.ts";
import { appDocumentSchema, sourceSpecSchema } from "@holon/core/schema/app.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createRandom } from "@holon/platform/random.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { openBlobStore } from "../blob/store.ts";
import { openSource } from "../door/sources.ts";
import { createEvents } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { openHandedClass } from "../run/handed-class.ts";
import { keepFitted } from "../run/fitted.ts";
import { integrity, openTempLog, tempFolder } from "../testing/temp-log.ts";

const clock = createClock();
const events = createEvents({ name: "gateway-1", jurisdiction: "EU/DE" }, clock);

async function openLogFor(context: TestContext): Promise<{ readonly log: SegmentLog; readonly folder: string }> {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  context.after(() => log.close());
  return { log, folder };
}

const stored = async (log: SegmentLog, stream: "telemetry" | "local"): Promise<readonly StoredEvent[]> =>
  (await log.read({ origin: log.origin, stream }, 1, { maxRecords: 100, maxBytes: 1 << 20 })).slice(1).map(({ bytes }) => parseStoredEvent(bytes, "test")); // the first is the test log's own

for (const [own, stream] of [["raw", "telemetry"], ["personal", "local"]] as const) {
  test(`a gap in the count of a ${own} source is told in ${stream}`, async (context) => {
    const { log } = await openLogFor(context);
    let sink: DoorSink | undefined;
    const door: Door = {
      open: (_, given) => {
        sink = given;
        return Promise.resolve({ address: undefined, close: () => Promise.resolve() });
      },
    };
    const spec = sourceSpecSchema.parse({ kind: "mqtt", name: "badges", type: "door.passed", class: own, counter: { field: "count" } });
    const source = await openSource(spec, { app: "doors", log, events, guard: { mayExport: () => true, stays: () => undefined, lowered: (_unit, from) => from }, door, clock, random: createRandom(), trace: { note: () => undefined } });
    for (const count of [1, 5]) await sink?.accept([{ type: "door.passed", subject: "anna", timeMs: count, data: { count } }], undefined);
    assert.deepEqual((await stored(log, stream)).filter(({ type }) => type === "holon.counter.gap").map(({ subject }) => subject), ["anna"]);
    assert.equal((await stored(log, stream === "local" ? "telemetry" : "local")).filter(({ type }) => type === "holon.counter.gap").length, 0);
    await source.close();
  });
}

test("that parameters were fitted is told without the function's words, and with the subject only where the function may tell everybody what it was handed", async (context) => {
  const { log, folder } = await openLogFor(context);
  const blobs = await openBlobStore(createDisk(folder), integrity);
  const fitted = [{ model: "pca", subject: "anna", parameters: {}, note: "anna passed at nine" }];
  const fn = { name: "judge", on: { type: "door.passed" }, emits: {} };
  for (const [own, mayLower, handed, subject] of [["raw", true, [], "anna"], ["raw", false, [], undefined], ["personal", true, [], undefined], ["raw", true, ["personal"], undefined], ["public", false, [], "anna"]] as const) {
    const app = appDocumentSchema.parse({ name: "doors", sources: [{ kind: "host", name: "in", type: "door.passed", class: own }], functions: [], models: [] });
    const born = openHandedClass({ app, maker: { name: "judge", from: own, emits: {}, through: { kind: "function" }, disguises: "handed" }, type: "door.passed", log, guard: { lowered: (_, from, into) => (mayLower ? into : from) } });
    born.take(handed);
    const { records } = await keepFitted(fitted, [], { fn, born, app, blobs, events, log, ports: { random: createRandom() } });
    const [told] = records.map(({ bytes }) => parseStoredEvent(bytes, "test"));
    assert.equal(told?.subject, subject);
    assert.ok(!JSON.stringify(told?.data).includes("nine"));
  }
});
