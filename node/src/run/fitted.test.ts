import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema, blobHashSchema } from "@holon/core/schema/app.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createRandom } from "@holon/platform/random.ts";
import { openBlobStore } from "../blob/store.ts";
import { createEvents } from "../event/events.ts";
import { integrity, openTempLog, tempFolder } from "../testing/temp-log.ts";
import type { HandedClass } from "./handed-class.ts";
import { fittedCell, forgetReplaced, keepFitted } from "./fitted.ts";

test("what a function fits anew takes the place of what it had: that lies nowhere any more, but where another cell names it", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  context.after(() => log.close());
  const blobs = await openBlobStore(createDisk(folder), integrity);
  const events = createEvents({ name: "gateway-1", jurisdiction: "EU/DE" }, createClock());
  const app = appDocumentSchema.parse({ name: "doors", sources: [], functions: [], models: [] });
  const born: Pick<HandedClass, "maker" | "told"> = { maker: () => ({ name: "judge", from: "raw", emits: {}, through: { kind: "function" }, disguises: "handed" }), told: () => "raw" };
  const fit = async (name: string, ...notes: readonly string[]): Promise<readonly string[]> => {
    const fitted = notes.map((note, index) => ({ model: "pca", subject: `door-${index}`, parameters: {}, note }));
    const { records, cells, replaced } = await keepFitted(fitted, [], { fn: { name, on: { type: "door.passed" }, emits: {} }, born, app, blobs, events, log, ports: { random: createRandom() } });
    await log.append({ records, cells });
    await forgetReplaced(replaced, { blobs, log });
    return replaced;
  };
  assert.deepEqual(await fit("judge", "first", "same"), []);
  const [, kept] = [...log.cells("fitted/")].map(([, value]) => value);
  await log.append({ cells: [{ key: fittedCell("doors/other", "pca", "door-1"), value: kept ?? assert.fail() }] });
  const replaced = await fit("judge", "second", "same");
  assert.equal(replaced.length, 2);
  const [first, same] = replaced;
  assert.ok(first !== undefined && same !== undefined);
  const here = (hash: string): Promise<boolean> => blobs.own.has(blobHashSchema.parse(hash));
  assert.deepEqual([await here(first), await here(same)], [false, true]);
});
