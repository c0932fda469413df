import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { Apart } from "./apart.ts";

class Process {
  gone = false;
  busy = 0;
  kill(): void {
    this.gone = true;
  }
}

describe("processes apart", () => {
  it("are one while nobody is at work in it, as many as there may be when all are, and then shared in turns", () => {
    const apart = new Apart(() => new Process());
    const first = apart.join();
    assert.equal(apart.join(), first, "a second process for one that is idle");
    const all = [first];
    for (let count = 1; count < limits.wardensApartMax; count++) {
      for (const one of all) one.busy = 1;
      all.push(apart.join());
    }
    for (const one of all) one.busy = 1;
    assert.equal(new Set(all).size, limits.wardensApartMax);
    assert.deepEqual(all.map(() => apart.join()), all);
    first.kill();
    assert.ok(!all.includes(apart.join()), "what is gone was handed out, or nothing took its place");
    assert.equal(apart.all().length, limits.wardensApartMax);
  });

  it("end a while after the last function left, unless one came meanwhile", () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const apart = new Apart(() => new Process());
      const one = apart.join();
      apart.join();
      apart.left(one);
      mock.timers.tick(limits.wardenApartIdleMs);
      assert.ok(!one.gone, "it ended while it held a function");
      apart.left(one);
      apart.join();
      mock.timers.tick(limits.wardenApartIdleMs);
      assert.ok(!one.gone, "it ended though one came meanwhile");
      apart.left(one);
      mock.timers.tick(limits.wardenApartIdleMs);
      assert.ok(one.gone);
      assert.deepEqual(apart.all(), []);
    } finally {
      mock.timers.reset();
    }
  });
});
