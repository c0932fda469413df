import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { hostSourceSchema } from "@holon/core/schema/app.ts";
import { createClock } from "../clock.ts";
import { createDoor } from "../door.ts";
import { createHostStats } from "../host-stats.ts";
import { createKeepingSink, until } from "../testing/door-sink.ts";

const clock = createClock();
const door = createDoor({ clock, hostStats: createHostStats(clock) });
const spec = hostSourceSchema.parse({ kind: "host", name: "host", type: "host.figures", rateHz: 50, subject: "machine" });

describe("host", () => {
  test("gives figures with rates from its first event on, never faster than asked", async () => {
    const sink = createKeepingSink();
    const startMs = clock.monotonicMs();
    const open = await door.open(spec, sink);
    await until("six events", () => sink.readings().length >= 6);
    assert.ok(clock.monotonicMs() - startMs >= 6 * 20);
    await open.close();
    const count = sink.readings().length;
    const readings = sink.readings();
    for (const { type, subject, timeMs, data } of readings) {
      assert.deepEqual([type, subject], ["host.figures", "machine"]);
      assert.ok(Math.abs((timeMs ?? 0) - clock.wall().ms) < 60_000);
      assert.ok(typeof data === "object" && data !== null && "cpuUserPercent" in data && "memoryUsedPercent" in data);
    }
    assert.equal(sink.readings().length, count);
    assert.equal(sink.hasEnded(), false);
  });

  test("a slow disk means fewer samples, not a queue", async () => {
    let inFlight = 0;
    let most = 0;
    const sink = createKeepingSink({
      accept: async () => {
        most = Math.max(most, ++inFlight);
        await new Promise<void>((resolve) => clock.after(60, resolve));
        inFlight--;
      },
    });
    const open = await door.open(spec, sink);
    await until("three events", () => sink.readings().length >= 3);
    await open.close();
    assert.equal(most, 1);
    const times = sink.readings().map((reading) => reading.timeMs ?? 0);
    assert.ok(times.every((ms, index) => index === 0 || ms - (times[index - 1] ?? 0) >= 55), times.join());
  });

  test("a failed append ends the source", async () => {
    const sink = createKeepingSink({ accept: () => Promise.reject(new HolonError("HOLON_DISK_FULL", "full")) });
    const open = await door.open(spec, sink);
    assert.equal((await sink.end)?.code, "HOLON_DISK_FULL");
    await open.close();
  });
});
