import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { heldText } from "@holon/core/diagnosis/findings.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { Measurer } from "@holon/core/ports.ts";
import { desiredSchema, type Desired } from "@holon/core/schema/desired.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createMeasurer, measureAll, readAdopted, writeAdopted } from "@holon/platform/measurer.ts";
import { openBlobStore } from "../blob/store.ts";
import { createEvents } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { integrity, openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createHold, heldCell } from "./hold.ts";
import { createMeasureWatch, type MeasureStatus, type MeasureWatch } from "./watch.ts";

const clock = createClock();
const handedOut = "a node that is held hands out a secret";

async function bed(context: TestContext) {
  const folder = tempFolder(context);
  const [program, config, runtime] = [join(folder, "program"), join(folder, "holon.node.yaml"), join(folder, "runtime")];
  mkdirSync(join(program, "core", "src"), { recursive: true });
  for (const name of ["one.ts", "two.ts", "one.test.ts"]) writeFileSync(join(program, "core", "src", name), `export const name = "${name}";\n`);
  for (const [path, text] of [[config, "name: gateway-1\n"], [runtime, "a runtime"]] as const) writeFileSync(path, text);
  const log = await openTempLog(folder);
  const opened: MeasureWatch[] = [];
  context.after(() => {
    for (const watch of opened) void watch.close(); // also where the test failed: a watch that looks again and again keeps the process
    return log.close();
  });
  const blobs = await openBlobStore(createDisk(folder), integrity);
  const measurer = createMeasurer({ folder, config, program, runtime });
  const events = createEvents({ name: "gateway-1", jurisdiction: "EU" }, clock);
  const ports = { clock, trace: { note: () => undefined } };
  const adopt = async (because: string): Promise<void> => writeAdopted(folder, { by: "ada", because, atMs: 1, files: [...(await measureAll(measurer))] });
  /** Of a start that has not measured anything yet. */
  const unmeasured = (ran?: Desired) => createHold({ log, events, ports, ran: () => ran, looked: () => undefined, lifted: () => undefined });
  const open = (given: Measurer, artifacts: readonly BlobHash[] = []) => {
    const hold = createHold({ log, events, ports, ran: () => undefined, looked: () => watch.looked(), lifted: () => undefined });
    const watch: MeasureWatch = createMeasureWatch({ measurer: given, log, events, blobs, hold, sha256: integrity.sha256, ports, artifacts: () => artifacts });
    opened.push(watch);
    return { hold, watch };
  };
  /** One start of a node: measures once, and is closed. */
  const start = async (artifacts: readonly BlobHash[] = [], trustsFirst = false): Promise<MeasureStatus> => {
    const { watch } = open(trustsFirst ? createMeasurer({ folder, config, program, runtime, trustsFirst }) : measurer, artifacts);
    while (watch.status().asOfMs === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    await watch.close();
    return watch.status();
  };
  return { folder, program, config, log, blobs, measurer, adopt, start, open, unmeasured };
}

async function told(log: SegmentLog, stream: "alarm" | "audit", type?: string): Promise<readonly unknown[]> {
  const records = await log.read({ origin: log.origin, stream }, 1, { maxRecords: 1_000, maxBytes: 1e6 });
  return records.flatMap(({ bytes }) => {
    const text = new TextDecoder().decode(bytes);
    const event = text.startsWith("{") ? JSON.parse(text) : undefined;
    return event === undefined || (type !== undefined && event.type !== type) ? [] : [event.data];
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
  const [first, ...each] = await told(log, "alarm");
  assert.deepEqual(each, status.altered.map((one) => ({ ...one, state: "open" })));
  assert.deepEqual(first, { state: "open", found: status.held?.found, count: 3, first: ["core/src/one.ts", "core/src/three.ts", "core/src/two.ts"] });
  const altered = async () => (await told(log, "alarm", "holon.node.altered")).slice(status.altered.length).map((data) => (data as { readonly state: string }).state);
  await start();
  assert.deepEqual(await altered(), status.altered.map(() => "open"), "at each start again, and never over of itself");
  await adopt("upgraded");
  assert.equal((await start()).state, "adopted");
  await start();
  assert.deepEqual((await altered()).slice(status.altered.length), ["closed"], "once, by a start that did not tell of it");
  assert.equal((await told(log, "audit")).length, 2);
});

test("a record that the node's key did not write, or that somebody took away, is an alarm", async (context) => {
  const { start, adopt, folder, log } = await bed(context);
  await adopt("installed");
  await start();
  const path = join(folder, "measured.json");
  const before = readFileSync(path, "utf8");
  writeFileSync(path, before.replace("installed", "insta1led"));
  await assert.rejects(readAdopted(folder), { code: "HOLON_MEASURE_BAD" });
  assert.equal((await start()).state, "altered");
  rmSync(path);
  await assert.rejects(readAdopted(folder), { code: "HOLON_MEASURE_BAD" });
  assert.deepEqual((await told(log, "alarm")).length, 2);
  const key = readFileSync(join(folder, "measure-key.json"));
  rmSync(join(folder, "measure-key.json"));
  const status = await start();
  assert.deepEqual([status.altered.map(({ what }) => what), status.held?.first], [["record of what was adopted"], ["record of what was adopted"]], "nor is it forgotten where its key is taken away too");
  writeFileSync(join(folder, "measure-key.json"), key);
  writeFileSync(path, before);
  const again = await start();
  assert.deepEqual([again.state, again.held], ["adopted", undefined]);
});

test("the reason of an earlier start is told as such until this one has looked, and the true one from then on", async (context) => {
  const { start, open, folder, program, measurer, adopt } = await bed(context);
  await adopt("installed");
  await start();
  const path = join(folder, "measured.json");
  const record = readFileSync(path);
  rmSync(path);
  assert.deepEqual((await start()).held?.first, ["record of what was adopted"]);
  writeFileSync(path, record);
  appendFileSync(join(program, "core", "src", "one.ts"), "// a line of somebody's\n");
  let mayLook: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (mayLook = resolve));
  const { watch } = open({ ...measurer, names: async () => (await released, measurer.names()) });
  const before = watch.status().held ?? assert.fail();
  assert.deepEqual([before.first, before.isOfBefore], [["record of what was adopted"], true]);
  assert.match(heldText(before), /^when it was looked at last, before this start, .* is being looked at again/);
  mayLook();
  while (watch.status().asOfMs === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  const now = watch.status().held ?? assert.fail();
  assert.deepEqual([now.first, now.isOfBefore], [["core/src/one.ts"], undefined]);
  await watch.close();
});

test("a record that another one followed is refused with the program of then: who puts both back hides nothing", async (context) => {
  const { start, open, folder, program, log, measurer } = await bed(context);
  const [record, one] = [join(folder, "measured.json"), join(program, "core", "src", "one.ts")];
  const first = await start([], true);
  const [recordBefore, programBefore] = [readFileSync(record), readFileSync(one)];
  appendFileSync(one, "// a hole is closed\n");
  const { watch, hold } = open(measurer);
  await assert.rejects(hold.demand("secret mail"), { code: "HOLON_NODE_HELD" }, handedOut);
  await watch.adopt("ada", "upgraded", watch.status().held?.found ?? assert.fail());
  await watch.close();
  writeFileSync(record, recordBefore);
  writeFileSync(one, programBefore);
  const back = await start([], true);
  assert.deepEqual([back.state, back.altered.map(({ what }) => what), back.held?.first], ["altered", ["record of what was adopted: an older one"], ["record of what was adopted: an older one"]]);
  assert.deepEqual((await told(log, "audit")).map((data) => (typeof data === "object" && data !== null && "because" in data ? data.because : data)), [first.adopted?.because, "upgraded"], "nor is it told as adopted");
  const again = open(measurer);
  await assert.rejects(again.hold.demand("secret mail"), { code: "HOLON_NODE_HELD" }, handedOut);
  await again.watch.adopt("ada", "went back on purpose", again.watch.status().held?.found ?? assert.fail());
  assert.deepEqual([again.watch.status().state, again.watch.status().held], ["adopted", undefined]);
  await again.watch.close();
  assert.equal((await start([], true)).state, "adopted");
});

test("a record of the same number that says something else is not the one that was told; one that a program of before wrote has no number", async (context) => {
  const { start, folder, measurer } = await bed(context);
  const adopt = async (because: string, number?: number): Promise<void> => writeAdopted(folder, { ...(number === undefined ? {} : { number }), by: "ada", because, atMs: 1, files: [...(await measureAll(measurer))] });
  await adopt("of before");
  assert.equal((await start()).state, "adopted");
  await adopt("of before, once more");
  assert.equal((await start()).state, "adopted");
  await adopt("counted", 5);
  assert.equal((await start()).state, "adopted");
  await adopt("counted twice", 5);
  assert.equal((await start()).state, "altered");
  await adopt("of before");
  assert.equal((await start()).state, "altered");
  await adopt("and on", 6);
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

test("a program that differs is held over every start: no secret is handed out, until it is put back, which is told", async (context) => {
  const { start, unmeasured, adopt, log, program } = await bed(context);
  await adopt("installed");
  const path = join(program, "core", "src", "one.ts");
  const before = readFileSync(path);
  appendFileSync(path, "// a line of somebody's\n");
  const first = await start();
  assert.deepEqual([first.held?.count, first.held?.first], [1, ["core/src/one.ts"]]);
  assert.equal((await start()).held?.sinceMs, first.held?.sinceMs, "the mark is on the disk");
  await assert.rejects(unmeasured().demand("secret mail"), { code: "HOLON_NODE_HELD" }, "a start knows of it before anything is measured");
  writeFileSync(path, before);
  assert.equal((await start()).held, undefined);
  const alarms = await told(log, "alarm", "holon.node.held");
  assert.deepEqual(alarms, [{ state: "open", found: first.held?.found, count: 1, first: ["core/src/one.ts"] }, { state: "closed", found: first.held?.found, why: "the program is again what was adopted" }]);
  await unmeasured().demand("secret mail");
});

test("who asks for a secret waits until it was looked, and is refused when what was altered while the node was down is found", async (context) => {
  const { open, adopt, program, measurer } = await bed(context);
  await adopt("installed");
  appendFileSync(join(program, "core", "src", "one.ts"), "// a line of somebody's\n");
  const { watch, hold } = open(measurer);
  await assert.rejects(hold.demand("secret mail"), { code: "HOLON_NODE_HELD" }, handedOut);
  await watch.close();
});

test("somebody adopts what he saw, and nothing that was changed since", async (context) => {
  const { open, adopt, program, measurer, log } = await bed(context);
  await adopt("installed");
  const path = join(program, "core", "src", "one.ts");
  appendFileSync(path, "// of 1.1\n");
  const { watch, hold } = open(measurer);
  await assert.rejects(hold.demand("secret mail"), { code: "HOLON_NODE_HELD" }, handedOut);
  const seen = watch.status().held?.found ?? assert.fail();
  appendFileSync(path, "// of somebody else\n");
  await assert.rejects(watch.adopt("person olga at cloud-1", "upgraded", seen), { code: "HOLON_MEASURE_OTHER" });
  await assert.rejects(hold.demand("secret mail"), { code: "HOLON_NODE_HELD" }, handedOut);
  writeFileSync(path, readFileSync(path, "utf8").replace("// of somebody else\n", ""));
  const { files, altered } = await watch.adopt("person olga at cloud-1", "upgraded", seen);
  assert.deepEqual([files, altered.map(({ what }) => what)], [4, ["core/src/one.ts"]]);
  await hold.demand("secret mail");
  assert.deepEqual([watch.status().state, watch.status().held, watch.status().adopted?.by], ["adopted", undefined, "person olga at cloud-1"]);
  assert.deepEqual((await told(log, "alarm", "holon.node.held")).at(-1), { state: "closed", found: seen, why: "adopted", by: "person olga at cloud-1", because: "upgraded" });
  await watch.close();
});

test("a first start adopts the program that it finds, and no configuration: that is its operator's to change", async (context) => {
  const { start, config, program, log } = await bed(context);
  const first = await start([], true);
  assert.deepEqual([first.state, first.adopted?.by, first.files], ["adopted", "first start", 3]);
  appendFileSync(config, "jurisdiction: US\n");
  assert.equal((await start([], true)).state, "adopted");
  appendFileSync(join(program, "core", "src", "two.ts"), "// of 1.1\n");
  const upgraded = await start([], true);
  assert.deepEqual([upgraded.state, upgraded.held?.first], ["altered", ["core/src/two.ts"]]);
  assert.equal((await told(log, "audit")).length, 1, "it is not adopted again by itself");
});

test("a record that cannot be read is no reason to hand out anything", async (context) => {
  const { open, adopt, measurer } = await bed(context);
  await adopt("installed");
  const { watch, hold } = open({ ...measurer, adopted: () => Promise.reject(new HolonError("HOLON_DISK_FAILED", "it cannot be read")) });
  await assert.rejects(hold.demand("secret mail"), { code: "HOLON_NODE_HELD" }, handedOut);
  await watch.close();
});

test("a mark that this program cannot read, as another version wrote it, is one all the same, and what runs goes on", async (context) => {
  const { unmeasured, log } = await bed(context);
  const row = { sinceMs: 5, found: "a".repeat(64), count: 1, first: ["core/src/one.ts"] };
  for (const [mark, first] of [[{ ...row, ran: { apiVersion: "holon/v9" }, more: 1 }, "core/src/one.ts"], ["nonsense", "mark of what is held back"]] as const) {
    await log.append({ cells: [{ key: heldCell, value: new TextEncoder().encode(JSON.stringify(mark)) }] });
    const hold = unmeasured();
    assert.deepEqual(hold.row()?.first, [first]);
    await assert.rejects(hold.demand("secret mail"), { code: "HOLON_NODE_HELD" }, handedOut);
    const ran = desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node: "gateway-1", version: 1, plan: "plan", apps: [{ name: "pump", version: "1", functions: [], models: [], egress: [] }] });
    const { document, refusal } = await unmeasured(ran).admit({ ...ran, version: 2 });
    assert.deepEqual([document.version, refusal], [2, undefined], "nothing in it is new to what runs");
    assert.equal((await unmeasured(ran).admit({ ...ran, apps: [...ran.apps, { ...ran.apps[0] ?? assert.fail(), name: "spy" }] })).refusal?.code, "HOLON_NODE_HELD");
  }
});

test("an altered artifact is an alarm also where who runs it read it first, and had it removed", async (context) => {
  const { start, adopt, blobs, folder } = await bed(context);
  const good = await blobs.put(new TextEncoder().encode("export default 1;"));
  await adopt("installed");
  writeFileSync(join(folder, "blobs", good), "export default 2;xxxx");
  await assert.rejects(blobs.read(good), { code: "HOLON_BLOB_BAD" });
  const status = await start([good]);
  assert.deepEqual(status.altered.map(({ what, expected }) => [what, expected]), [[`artifact ${good}`, good]]);
});
