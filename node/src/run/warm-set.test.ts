import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { createWarmSet, type WarmPlace } from "./warm-set.ts";

/** A set on a clock that stands until it is told to go on; `call` says whether the function had a sandbox. */
function bed(places?: number) {
  let nowMs = 0;
  const due = new Map<object, { readonly atMs: number; readonly run: () => void }>();
  const clock = {
    monotonicMs: () => nowMs,
    after(ms: number, run: () => void) {
      const key = {};
      due.set(key, { atMs: nowMs + ms, run });
      return { cancel: () => void due.delete(key) };
    },
  };
  const set = createWarmSet(clock, places);
  const functions = new Map<string, { readonly place: WarmPlace; isWarm: boolean }>();
  const member = (name: string) => {
    const known = functions.get(name);
    if (known !== undefined) return known;
    const made = { isWarm: false, place: set.join(name, { warm: () => Promise.resolve(void (made.isWarm = true)), letGo: () => void (made.isWarm = false) }) };
    functions.set(name, made);
    return made;
  };
  return {
    set,
    pass(ms: number): void {
      nowMs += ms;
      for (const [key, { atMs, run }] of due) if (atMs <= nowMs && due.delete(key)) run();
    },
    async call(name: string): Promise<boolean> {
      const one = member(name);
      await one.place.enter();
      const had = one.isWarm;
      one.isWarm = true;
      one.place.leave();
      return had;
    },
  };
}

test("of functions that are called once and then not, few keep a sandbox, and those are the last that were called", async () => {
  const { set, call, pass } = bed();
  for (let one = 0; one < 40; one++) {
    await call(`f${one}`);
    pass(60);
  }
  assert.equal(set.status().warm, 4);
  assert.deepEqual([await call("f39"), await call("f36"), await call("f10")], [true, true, false]);
});

test("what comes back soon is met: as many stand as are called again and again, up to the places; once they are not called any more, fewer", async () => {
  const { set, call, pass } = bed();
  const round = async (count: number): Promise<number> => {
    let met = 0;
    for (let one = 0; one < count; one++) {
      if (await call(`f${one}`)) met += 1;
      pass(100);
    }
    return met;
  };
  for (let turn = 0; turn < 12; turn++) await round(12);
  assert.equal(await round(12), 12);
  assert.equal(set.status().warm, 12);
  for (let other = 0; other < 1_000; other++) {
    await call(`other${other}`);
    pass(60);
  }
  assert.equal(set.status().warm, 1);
  for (let turn = 0; turn < 4; turn++) await round(3);
  assert.equal(await round(3), 3);
});

test("never more stand than there are places, and a call that finds all of them at work waits for one", async () => {
  const { set, call, pass } = bed(2);
  for (let turn = 0; turn < 5; turn++) {
    for (const name of ["a", "b", "c"]) {
      await call(name);
      pass(10);
    }
  }
  assert.ok(set.status().warm <= 2);
  const busy = [set.join("x", { warm: () => Promise.resolve(), letGo: () => undefined }), set.join("y", { warm: () => Promise.resolve(), letGo: () => undefined })];
  await Promise.all(busy.map((place) => place.enter()));
  const waiting = call("d");
  assert.equal(set.status().waiting, 1);
  busy[0]?.leave();
  assert.equal(await waiting, false);
});

test("functions that hang hold up nobody else: there is room beside them after a moment, and from the second time on at once", async () => {
  const { set, call, pass } = bed(4);
  const hanging = Array.from({ length: 6 }, (_, index) => set.join(`hangs${index}`, { warm: () => Promise.resolve(), letGo: () => undefined }));
  let entered = 0;
  const enter = (one: number): void => void hanging[one]?.enter().then(() => (entered += 1));
  for (const one of [0, 1, 2, 3]) enter(one);
  const waiting = call("quick");
  await Promise.resolve();
  assert.deepEqual([set.status().waiting, set.status().places], [1, 4]);
  pass(limits.unitSlowMs);
  assert.equal(await waiting, false);
  assert.deepEqual([set.status().waiting, set.status().places], [0, 6]);
  pass(40_000);
  for (const one of [0, 1, 2, 3]) hanging[one]?.give(); // they were ended, and are tried again
  for (const one of [0, 1, 2, 3]) enter(one);
  await Promise.resolve();
  assert.equal(entered, 8);
  for (const name of ["quick", "other", "third"]) await call(name);
  assert.equal(set.status().waiting, 0, "nobody waits for them");
  enter(4);
  enter(5);
  await Promise.resolve();
  assert.equal(entered, 10, "who is not known yet is taken for quick");
  pass(limits.unitSlowMs);
  assert.ok(set.status().warm <= 6, "and never are there more");
});
