import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HostStats } from "@holon/core/ports.ts";
import { hostFigures } from "@holon/core/telemetry/host-figures.ts";
import { withSubject, type CreateSubject } from "./subject.ts";

const known: readonly string[] = hostFigures;
const isShareOrRate = (name: string): boolean => name.endsWith("PerSecond") || name.startsWith("cpu");

/** What every HostStats port promises. `pause`: lets time pass on the machine. */
export function hostStatsContract(name: string, create: CreateSubject<HostStats>, pause: (ms: number) => Promise<void>): void {
  describe(`host stats contract: ${name}`, () => {
    it("tells no share and no rate at first, and from the second sample on always the same figures, in their order", () =>
      withSubject(create, async (stats) => {
        const first = Object.keys(await stats.sample());
        assert.deepEqual(first.filter(isShareOrRate), []);
        await pause(30);
        const second = Object.keys(await stats.sample());
        await pause(30);
        assert.deepEqual(Object.keys(await stats.sample()), second);
        assert.deepEqual(second, known.filter((figure) => second.includes(figure)));
        assert.ok(first.every((figure) => second.includes(figure)) && second.includes("memoryUsedPercent"), "levels stay");
      }));

    it("tells figures that are numbers from nought on, and shares that are none above 100, however soon it is asked again", () =>
      withSubject(create, async (stats) => {
        await stats.sample();
        await pause(30);
        for (const sample of [await stats.sample(), ...(await Promise.all([stats.sample(), stats.sample(), stats.sample()]))]) {
          for (const [figure, value] of Object.entries(sample)) assert.ok(Number.isFinite(value) && value >= 0 && (value <= 100 || !figure.endsWith("Percent")), `${figure} ${value}`);
        }
      }));

    it("tells how much the machine has, and leaves out what it does not know", () =>
      withSubject(create, async (stats) => {
        const { processors, memoryBytes, diskBytes, accelerators, powerSource, ...rest } = await stats.capacity();
        for (const amount of [processors, memoryBytes]) assert.ok(amount !== undefined && Number.isFinite(amount) && amount > 0, `${amount}`);
        assert.ok(diskBytes === undefined || (Number.isFinite(diskBytes) && diskBytes >= 0), `${diskBytes}`);
        assert.ok([undefined, "mains", "battery"].includes(powerSource));
        for (const { model, count } of accelerators ?? []) assert.ok(model !== "" && Number.isInteger(count) && count > 0, `${count} ${model}`);
        assert.deepEqual(Object.entries({ ...(await stats.capacity()) }).filter(([, value]) => value === undefined), [], "absent, not undefined");
        assert.deepEqual(Object.keys(rest).filter((key) => key !== "confines"), []);
        const again = await stats.capacity();
        assert.deepEqual([again.processors, again.memoryBytes], [processors, memoryBytes]);
      }));

    it("counts what this process has used, which never falls", () =>
      withSubject(create, async (stats) => {
        const before = stats.process?.() ?? assert.fail("it tells");
        await pause(30);
        const after = stats.process?.() ?? assert.fail("it tells");
        assert.ok(before.processorSeconds >= 0 && after.processorSeconds >= before.processorSeconds, `${before.processorSeconds} and then ${after.processorSeconds}`);
        assert.ok(after.memoryBytes > 0 && Number.isFinite(after.memoryBytes));
      }));
  });
}
