import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@holon/core/ports.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createForgetter } from "./forgetter.ts";
import { movedCell, departedUnits } from "./held.ts";

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const [one, other] = ["a".repeat(64), "b".repeat(64)];

test("parameters go before the cells that name them, and a unit that cannot be asked about holds up no other", async (context) => {
  const log = await openTempLog(tempFolder(context));
  context.after(() => log.close());
  const sealed = (blob: string) => bytes({ id: blob, as: "sealed", blobs: [blob] });
  await log.append({ cells: [{ key: "fitted/press/judge/m", value: bytes({ blob: one }) }, { key: "fitted/press/count/m", value: bytes({ blob: other }) }, { key: movedCell("press/count"), value: sealed(other) }, { key: movedCell("press/judge"), value: sealed(one) }] });
  const due: (() => void)[] = [];
  const clock: Clock = { monotonicMs: () => 0, elapsedMs: () => 0, wall: () => ({ ms: 0, state: "synced" }), after: (_, callback) => (due.push(callback), { cancel: () => undefined }) };
  const removed: (readonly [string, boolean])[] = [];
  let changes = 0;
  let isFull = true;
  const forgetter = createForgetter({
    log, clock, trace: { note: () => undefined }, isOwn: () => false, changed: () => void changes++,
    blobs: {
      remove(hash) {
        removed.push([hash, log.cell("fitted/press/judge/m") !== undefined]);
        return isFull ? Promise.reject(new Error("the power fails here")) : Promise.resolve();
      },
    },
    askMoved: (unit) => (unit === "press/count" ? Promise.reject(new Error("nobody knows")) : Promise.resolve({ over: true })),
  });
  forgetter.wake();
  async function look(): Promise<void> {
    due.shift()?.();
    while (due.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await look();
  assert.deepEqual([removed, departedUnits(log).length, changes], [[[one, true]], 2, 1], "what it could not remove it still knows of");
  isFull = false;
  await look();
  assert.deepEqual([removed.at(-1), departedUnits(log).map(({ unit }) => unit), log.cell("fitted/press/judge/m")], [[one, true], ["press/count"], undefined]);
  forgetter.close();
});
