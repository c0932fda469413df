/** What comes over a link, and what lies on a disk. */
import { HolonError } from "@holon/core/errors.ts";
import { showEvent } from "@holon/core/event/stored.ts";
import { decodeFrame, encodeFrame, type FrameInput } from "@holon/core/link/frame.ts";
import { laneName } from "@holon/core/log/log.ts";
import { checkRun, lostRanges, runHolds, runPreambles, runRecords, salvageRun, sealRunHeader, type Integrity } from "@holon/core/log/run.ts";
import { decodeSegmentIndex, encodeSegmentIndex } from "@holon/core/log/segment-index.ts";
import { splitRuns } from "@holon/core/log/split-runs.ts";
import { isBlobHash, isNodeName, type NodeName } from "@holon/core/units.ts";
import { parseDesired } from "@holon/node/desired/documents.ts";
import { openLog, type SegmentLog } from "@holon/node/log/segment-log.ts";
import { createCipher } from "@holon/platform/cipher.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { SeededRandom } from "@holon/sim/random.ts";
import { memoryDisk, type Files } from "./memory-disk.ts";
import { joined } from "./mutate.ts";
import { bytesOf, type Target } from "./target.ts";

const codec = createCodec();
const encrypted = { sha256: createCrypto().sha256, crc32: codec.crc32, cipher: createCipher(new Map([[1, new Uint8Array(32)]]), 1) };
const integrity: Integrity = { sha256: createCrypto().sha256, crc32: codec.crc32 };
const hash = "0".repeat(64);

function nodeName(text: string): NodeName {
  if (!isNodeName(text)) throw new Error(text);
  return text;
}

/** As the node does: what is wrong is told, and nothing of it stops the log from opening. */
const openOver = (files: Files, origin: string, under = integrity): Promise<SegmentLog> =>
  openLog({ origin: nodeName(origin), disk: memoryDisk(files), clock: createClock(), random: new SeededRandom("log"), integrity: under, segmentBytesMax: 4_096, opened: (stream) => ({ stream, class: "public", bytes: eventOf("holon.log.opened", 0) }) });

const eventOf = (type: string, index: number): Uint8Array => bytesOf(JSON.stringify({ type, source: "/s", time: "2026-01-01T00:00:00.000Z", recordedtime: "2026-01-01T00:00:00.000Z", clock: "unknown", class: "derived", jurisdiction: "EU/DE", data: { index } }));

async function filledLog(origin: string, under = integrity): Promise<{ readonly files: Files; readonly runs: readonly Uint8Array[] }> {
  const files: Files = new Map();
  const log = await openOver(files, origin, under);
  for (let index = 0; index < 12; index++) {
    await log.append({ records: [{ stream: "data", class: "derived", bytes: eventOf("a.b", index) }, { stream: "alarm", class: "public", bytes: eventOf("a.c", index) }], cells: [{ key: `cell/${index % 3}`, value: eventOf("cell", index) }] });
  }
  const runs: Uint8Array[] = [];
  for (const { lane } of log.heads().values()) for (const { bytes } of await log.readRuns(lane, 1, 1 << 20)) runs.push(bytes.slice());
  await log.close();
  return { files, runs };
}

/** Everything that a node reads of a log. */
async function readAll(log: SegmentLog): Promise<void> {
  for (const { lane, mark } of log.heads().values()) {
    const first = Math.max(1, mark.sequence - 200);
    for (const record of await log.read(lane, first, { maxRecords: 200, maxBytes: 1 << 20 })) {
      try {
        showEvent(record);
      } catch (error) {
        if (!(error instanceof SyntaxError || error instanceof TypeError || error instanceof HolonError)) throw error; // records are their writer's: readers say so of each
      }
    }
    await log.readRuns(lane, first, 1 << 16);
    await log.missing(lane);
  }
  await log.find({ accepts: () => true, limit: 20 });
}

/** Checksum and hash as an origin would write them. */
function sealed(run: Uint8Array): Uint8Array {
  if (run.length < 125) return run;
  const view = new DataView(run.buffer, run.byteOffset, run.byteLength);
  const count = view.getUint32(76, true);
  const tables = 125 + (run[83] ?? 0) + (((run[80] ?? 0) & 0x10) === 0 ? 0 : 4);
  const shared = ((run[80] ?? 0) & 0x10) === 0 || tables > run.length ? 0 : view.getUint32(tables - 4, true);
  const header = ((run[80] ?? 0) & 0xf) === 2 ? 125 + (run[83] ?? 0) : tables + 8 * count + shared;
  if (header > run.length) return run;
  sealRunHeader(run, header, integrity);
  run.set(integrity.sha256(run.subarray(44)), 12);
  return run;
}

const frames: readonly FrameInput[] = [
  { kind: "stream", header: { op: "offer", protocol: 1, node: "gateway-1", site: "plant", tier: "gateway", lanes: [["gateway-1/data", 3]], desired: [["gateway-1", 2]] } },
  { kind: "stream", header: { op: "subscribe", lanes: [["gateway-1/data", 3, hash]], credit: [1, 2] } },
  { kind: "stream", header: { op: "records", alarmBytes: 3 }, payload: bytesOf("payload") },
  { kind: "stream", header: { op: "history", lane: "gateway-1/data", points: [[1, hash]] } },
  { kind: "desired", header: { op: "document", node: "gateway-1", version: 3 }, payload: bytesOf("{}") },
  { kind: "call", header: { op: "request", id: 1, to: "edge-1", method: "a.b", deadlineMs: 100 }, payload: bytesOf("{}") },
  ...(isBlobHash(hash) ? [{ kind: "blob", header: { op: "chunk", hash, offset: 0, sizeBytes: 5 }, payload: bytesOf("bytes") } as const] : []),
];

/** Without compression, so that a change of a byte is one of what it says. */
const plain = { compress: (bytes: Uint8Array) => bytes, decompress: (bytes: Uint8Array) => bytes };

const desired = { apiVersion: "holon/v1", kind: "Desired", node: "gateway-1", version: 3, plan: hash, apps: [{ name: "app", version: "1", functions: [{ name: "f", code: hash, on: { type: "a.b" }, emits: { "a.c": { stream: "data", class: "derived" } } }], models: [{ name: "m", graph: hash }], sources: [{ kind: "mqtt", name: "mqtt", type: "a.b", port: 1_883, topics: ["a/+"] }], egress: [{ class: "derived", to: "*" }] }], policy: { text: "policy p 1\n", hash } };

let filled: ReturnType<typeof filledLog> | undefined;
const filledOnce = () => (filled ??= filledLog("gateway-1"));

let filledEncrypted: ReturnType<typeof filledLog> | undefined;
const encryptedOnce = () => (filledEncrypted ??= filledLog("gateway-1", encrypted));

/** A parent that holds the first run of each lane of its child. */
async function makeParent(): Promise<Files> {
  const { files } = await filledLog("edge-1");
  const log = await openOver(files, "edge-1");
  const runs = (await filledOnce()).runs.flatMap((bytes) => splitRuns(bytes, integrity) ?? []);
  await log.appendRuns(runs.filter(({ header }) => header.firstSequence === 1));
  await log.close();
  return files;
}
let parent: Promise<Files> | undefined;
const parentFiles = () => (parent ??= makeParent());

export const logTargets: readonly Target[] = [
  {
    name: "link-frames",
    words: ["offer", "records", "op", "lanes", "__proto__", "credit"],
    samples: () => frames.flatMap((frame) => [encodeFrame(frame, codec), encodeFrame(frame, plain)]),
    run: (input) => decodeFrame(input, codec),
  },
  {
    name: "runs",
    samples: async () => (await filledOnce()).runs,
    mend: sealed,
    run(input) {
      const runs = splitRuns(input, integrity);
      for (const { header, bytes } of runs ?? []) {
        runHolds(bytes, header, integrity);
        runRecords(bytes, header, integrity);
        runPreambles(bytes, header);
        lostRanges(bytes, header);
        if (header.form !== "gap") salvageRun(bytes.slice(), header, integrity);
      }
      const checked = checkRun(input.slice(), integrity);
      return `${runs?.map(({ header: { form, reason, stream } }) => `${form} ${reason} ${stream}`).join()} ${checked?.mended} ${checked?.damaged}`;
    },
  },
  {
    name: "runs-from-children",
    samples: async () => (await filledOnce()).runs,
    mend: sealed,
    /** What a child sends and a parent takes is in its log: it must read it, and open over it. */
    async run(input) {
      const runs = (splitRuns(input, integrity) ?? []).filter(({ header, bytes }) => header.origin !== "edge-1" && header.stream !== "local" && runHolds(bytes, header, integrity));
      if (runs.length === 0) return "none";
      const files: Files = new Map(await parentFiles());
      const log = await openOver(files, "edge-1");
      const merges = await log.appendRuns(runs);
      await readAll(log);
      await log.close();
      const again = await openOver(files, "edge-1");
      for (const [index, merge] of merges.entries()) {
        const run = runs[index]?.header;
        if (merge.outcome === "apply" && run !== undefined && again.head(run) === undefined) throw new Error(`${laneName(run)} was taken and is gone`);
      }
      await readAll(again);
      await again.close();
      return merges.map(({ outcome }, index) => `${outcome} ${runs[index]?.header.form} ${runs[index]?.header.reason}`).join();
    },
  },
  {
    name: "segments",
    samples: async () => [...(await filledLog("gateway-1")).files].filter(([path]) => path.endsWith(".seg")).map(([, bytes]) => bytes),
    async run(input) {
      const files: Files = new Map((await filledOnce()).files);
      const paths = [...files.keys()].filter((path) => path.endsWith(".seg"));
      files.set(paths[input.length % paths.length] ?? "log/000000000001.seg", input.slice());
      const log = await openOver(files, "gateway-1");
      const way = `${log.damage.map(({ what }) => what).join()} ${log.lost.length} ${log.mended}`;
      await readAll(log);
      await log.append({ records: [{ stream: "data", class: "derived", bytes: eventOf("a.b", 1) }] });
      await log.close();
      await (await openOver(files, "gateway-1")).close();
      return way;
    },
  },
  {
    name: "encrypted-segments",
    samples: async () => [...(await encryptedOnce()).files].filter(([path]) => path.endsWith(".seg")).map(([, bytes]) => bytes),
    async run(input) {
      const files: Files = new Map((await encryptedOnce()).files);
      const paths = [...files.keys()].filter((path) => path.endsWith(".seg"));
      files.set(paths[input.length % paths.length] ?? "log/000000000001.seg", input.slice());
      const log = await openOver(files, "gateway-1", encrypted);
      const way = `${log.damage.map(({ what }) => what).join()} ${log.lost.length} ${log.mended}`;
      await readAll(log);
      await log.close();
      await (await openOver(files, "gateway-1", encrypted)).close();
      return way;
    },
  },
  {
    name: "segment-indexes",
    words: ['"regions":[', '"types":', '"lanes":', "null", "1e999"],
    samples: () => [encodeSegmentIndex(1, { sizeBytes: 4_096, types: ["a.b"], lanes: ["gateway-1/data"], regions: [{ offset: 0, end: 4_096, minMs: 1, maxMs: 2, types: [0], lanes: [0] }] }, integrity)],
    mend(input) {
      if (input.length > 16) new DataView(input.buffer, input.byteOffset).setUint32(12, integrity.crc32(input.subarray(16)), true);
      return input;
    },
    run: (input) => (decodeSegmentIndex(input, 1, 4_096, integrity) === undefined ? "none" : "read"),
  },
  {
    name: "desired-documents",
    words: ["apps", "functions", "__proto__", "holon/v1", "policy", "signatures", "reductions", "models"],
    samples: () => [bytesOf(JSON.stringify(desired)), bytesOf(JSON.stringify({ ...desired, apps: [] }))],
    run: (input) => parseDesired(input, "gateway-1"),
  },
  {
    name: "stored-events",
    words: ["type", "recordedtime", "data", "__proto__"],
    samples: () => [eventOf("a.b", 1), joined(eventOf("a.b", 2), bytesOf(" "))],
    async run(input) {
      const { parseStoredEvent } = await import("@holon/core/event/stored.ts");
      parseStoredEvent(input, "record");
    },
  },
];
