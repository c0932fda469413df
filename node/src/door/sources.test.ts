import assert from "node:assert/strict";
import { test } from "node:test";
import { appManifestSchema } from "@holon/core/schema/app.ts";
import type { Door } from "@holon/core/ports.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createRandom } from "@holon/platform/random.ts";
import { createEvents } from "../event/events.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { openSource } from "./sources.ts";

test("what is told of a reading that was refused names nobody, where readings are about people", async (context) => {
  const topic = "ward/3/mrs-mallory";
  const rejection = { code: "HOLON_SOURCE_MESSAGE_BAD", message: `a message on ${topic} is neither JSON nor UTF-8 text`, position: topic };
  for (const [dataClass, isNamed] of [["raw", true], ["personal", false]] as const) {
    const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
    context.after(() => log.close());
    const [spec] = appManifestSchema.parse({ name: "ward", version: "1", sources: [{ kind: "mqtt", name: "beds", type: "bed.pulse", class: dataClass, listen: "127.0.0.1:0", topics: ["ward/#"] }], functions: [], models: [], egress: [] }).sources;
    const door: Door = { open: (_, sink) => sink.reject(rejection).then(() => ({ address: undefined, close: () => Promise.resolve() })) };
    const events = createEvents({ name: "gateway-1", jurisdiction: "EU" }, createClock());
    const source = await openSource(spec ?? assert.fail(), { app: "ward", log, events, guard: { mayExport: () => true, stays: () => undefined, lowered: (_unit, from) => from }, door, clock: createClock(), random: createRandom(), trace: { note: () => undefined } });
    context.after(() => source.close());
    const texts = (await log.read({ origin: log.origin, stream: "audit" }, 1, { maxRecords: 100, maxBytes: 1 << 20 })).map(({ bytes }) => new TextDecoder().decode(bytes)).filter((text) => text.includes("holon.source.rejected"));
    assert.equal(texts.length, 1);
    assert.match(texts[0] ?? "", /HOLON_SOURCE_MESSAGE_BAD/);
    assert.equal(texts[0]?.includes("mallory"), isNamed, dataClass);
    assert.equal(source.status().rejected, 1);
  }
});
