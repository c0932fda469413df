import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { BlobHash } from "@holon/core/units.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createMeasurer, measureAll, readAdopted, writeAdopted } from "@holon/platform/measurer.ts";
import { openBlobStore } from "../blob/store.ts";
import { createEvents } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { integrity, openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createMeasureWatch, type MeasureStatus } from "./watch.ts";

const clock = createClock();

async function bed(context: TestContext) {
  const folder = tempFolder(context);
  const [program, config, runtime] = [join(folder, "program"), join(folder, "holon.node.yaml"), join(folder, "runtime")];
  mkdirSync(join(program, "core", "src"), { recursive: true });
  for (const name of ["one.ts", "two.ts", "one.test.ts"]) writeFileSync(join(program, "core", "src", name), `export const name = "${name}";\n`);
  for (const [path, text] of [[config, "name: gateway-1\n"], [runtime, "a runtime"]] as const) writeFileSync(path, text);
  const log = await openTempLog(folder);
  context.after(() => log.close());
  const blobs = await openBlobStore(createDisk(folder), integrity);
  const measurer = createMeasurer({ folder, config, program, runtime });
  const adopt = async (because: string): Promise<void> => writeAdopted(folder, { by: "ada", because, atMs: 1, files: [...(await measureAll(measurer))] });
  /** One start of a node: measures once, and is closed. */
  const start = async (artifacts: readonly BlobHash[] = []): Promise<MeasureStatus> => {
    const watch = createMeasureWatch({ measurer, log, events: createEvents({ name: "gateway-1", jurisdiction: "EU" }, clock), blobs, sha256: integrity.sha256, ports: { clock, trace: { note: () => undefined } }, artifacts: () => artifacts });
    while (watch.status().asOfMs === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    await watch.close();
    return watch.status();
  };
  return { folder, program, config, log, blobs, adopt, start };
}

async function told(log: SegmentLog, stream: "alarm" | "audit"): Promise<readonly unknown[]> {
  const records = await log.read({ origin: log.origin, stream }, 1, { maxRecords: 1_000, maxBytes: 1e6 });
  return records.flatMap(({ bytes }) => {
    const text = new TextDecoder().decode(bytes);
    return text.startsWith("{") ? [JSON.parse(text).data] : [];
  });
}

test("a node of which nothing was adopted says so, and what was adopted stands in the trail with who did it", async (context) => {
  const { start, adopt, log } = await bed(context);
  assert.equal((await start()).state, "unmeasured");
  await adopt("installed");
  const status = await start();
  assert.deepEqual([status.state, status.files, status.adopted?.by], ["adopted", 4, "ada"]);
  await start();
  assert.deepEqual(await told(log, "audit"), [{ by: "ada", because: "installed", files: 4, digest: status.digests?.adopted }]);
  assert.equal(status.digests?.found, status.digests?.adopted);
  assert.deepEqual(await told(log, "alarm"), []);
});

test("a program or a configuration that was changed, added or removed is an alarm with both hashes; adopted, it is none", async (context) => {
  const { start, adopt, log, program, config } = await bed(context);
  await adopt("installed");
  appendFileSync(join(program, "core", "src", "one.ts"), "// a line of somebody's\n");
  writeFileSync(join(program, "core", "src", "three.ts"), "export {};\n");
  rmSync(join(program, "core", "src", "two.ts"));
  appendFileSync(config, "jurisdiction: US\n");
  const status = await start();
  assert.equal(status.state, "altered");
  assert.deepEqual(status.altered.map(({ what, expected, found }) => [what, expected === null, found === null]), [["configuration", false, false], ["core/src/one.ts", false, false], ["core/src/three.ts", true, false], ["core/src/two.ts", false, true]]);
  assert.deepEqual(await told(log, "alarm"), status.altered);
  await adopt("upgraded");
  assert.equal((await start()).state, "adopted");
  assert.equal((await told(log, "audit")).length, 2);
});

test("a record that the node's key did not write, or that somebody took away, is an alarm", async (context) => {
  const { start, adopt, folder, log } = await bed(context);
  await adopt("installed");
  const path = join(folder, "measured.json");
  const before = readFileSync(path, "utf8");
  writeFileSync(path, before.replace("installed", "insta1led"));
  await assert.rejects(readAdopted(folder), { code: "HOLON_MEASURE_BAD" });
  assert.equal((await start()).state, "altered");
  rmSync(path);
  await assert.rejects(readAdopted(folder), { code: "HOLON_MEASURE_BAD" });
  assert.deepEqual((await told(log, "alarm")).length, 1);
  writeFileSync(path, before);
  assert.equal((await start()).state, "adopted");
});

test("an altered artifact is an alarm and is not given out; one flipped bit is mended and none", async (context) => {
  const { start, adopt, blobs, folder, log } = await bed(context);
  await adopt("installed");
  const good = await blobs.put(new TextEncoder().encode("export default 1;"));
  assert.equal((await start([good])).state, "adopted");
  const path = join(folder, "blobs", readdirSync(join(folder, "blobs")).find((name) => name === good) ?? "");
  const bytes = readFileSync(path);
  const flipped = Buffer.from(bytes);
  flipped[3] = (flipped[3] ?? 0) ^ 4;
  writeFileSync(path, flipped);
  assert.equal((await start([good])).state, "adopted");
  assert.deepEqual(readFileSync(path), bytes);
  writeFileSync(path, Buffer.from(bytes.toString("latin1").replace("default 1", "default 2").replace("export", "EXPORT"), "latin1"));
  const status = await start([good]);
  assert.deepEqual(status.altered.map(({ what, expected, found }) => [what, expected, found === good]), [[`artifact ${good}`, good, false]]);
  await assert.rejects(blobs.read(good), { code: "HOLON_BLOB_MISSING" });
  assert.equal((await told(log, "alarm")).length, 1);
});
