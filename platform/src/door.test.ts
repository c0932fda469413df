import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sourceSpecSchema } from "@holon/core/schema/app.ts";
import { connectAsync } from "mqtt";
import { createClock } from "./clock.ts";
import { createDoor } from "./door.ts";
import { createHostStats } from "./host-stats.ts";
import { createKeepingSink, until } from "./testing/door-sink.ts";

const clock = createClock();
const door = createDoor({ clock, hostStats: createHostStats(clock) });

test("each kind of source opens, gives readings of its type, and closes", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "holon-door-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "recording.csv");
  writeFileSync(path, "a\n1\n");
  const base = { name: "source", type: "some.reading" };
  const specs = [
    { ...base, kind: "replay", files: [{ path, subject: "pump" }], columns: { a: "a" }, speed: "max" },
    { ...base, kind: "host", rateHz: 100 },
    { ...base, kind: "mqtt", listen: "localhost:0" },
  ];
  for (const spec of specs) {
    const sink = createKeepingSink();
    const open = await door.open(sourceSpecSchema.parse(spec), sink);
    if (open.address !== undefined) {
      const client = await connectAsync(open.address, { protocolVersion: 4, reconnectPeriod: 0 });
      await client.publishAsync("pump", "1", { qos: 1 });
      await client.endAsync();
    }
    await until(`a reading of ${spec.kind}`, () => sink.readings().length > 0);
    await open.close();
    assert.equal(sink.readings()[0]?.type, "some.reading");
  }
});
