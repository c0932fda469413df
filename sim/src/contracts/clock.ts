import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Clock } from "@holon/core/ports.ts";
import { withSubject, type CreateSubject } from "./subject.ts";

/** What every Clock port promises. */
export function clockContract(name: string, create: CreateSubject<Clock>): void {
  describe(`clock contract: ${name}`, () => {
    it("calls back once, never before the time, and in the order of times", () =>
      withSubject(create, async (clock) => {
        const startMs = clock.monotonicMs();
        const called: { readonly delayMs: number; readonly atMs: number }[] = [];
        const delays = [12, 0, 3.7, 0.4, 1];
        await Promise.all(delays.map((delayMs) => new Promise<void>((resolve) => clock.after(delayMs, () => (called.push({ delayMs, atMs: clock.monotonicMs() }), resolve())))));
        assert.deepEqual(called.map(({ delayMs }) => delayMs), delays.toSorted((one, other) => one - other));
        for (const { delayMs, atMs } of called) assert.ok(atMs >= startMs + delayMs, `${atMs - startMs} for ${delayMs}`);
      }));

    it("does not call what was cancelled, nor now what is due in years", () =>
      withSubject(create, async (clock) => {
        let calls = 0;
        clock.after(1, () => calls++).cancel();
        const far = clock.after(2 ** 40, () => calls++);
        await new Promise<void>((resolve) => clock.after(20, resolve));
        far.cancel();
        far.cancel(); // and again
        assert.equal(calls, 0);
      }));

    it("never goes back", () =>
      withSubject(create, async (clock) => {
        let lastMs = clock.monotonicMs();
        for (let count = 0; count < 20; count++) {
          await new Promise<void>((resolve) => clock.after(count % 3, resolve));
          const nowMs = clock.monotonicMs();
          assert.ok(nowMs >= lastMs);
          lastMs = nowMs;
        }
      }));

    it("counts what elapsed at least as it counts monotonic time", () =>
      withSubject(create, async (clock) => {
        const [elapsedMs, startMs] = [clock.elapsedMs(), clock.monotonicMs()];
        await new Promise<void>((resolve) => clock.after(5, resolve));
        const passedMs = clock.monotonicMs() - startMs;
        assert.ok(clock.elapsedMs() - elapsedMs >= passedMs - 0.01, "nothing is taken back");
      }));

    it("says the time of day, and how far to trust it", () =>
      withSubject(create, async (clock) => {
        const { ms, state } = clock.wall();
        assert.ok(Number.isFinite(ms) && ms > 0);
        assert.ok(["synced", "coasting", "unknown"].includes(state));
      }));
  });
}
