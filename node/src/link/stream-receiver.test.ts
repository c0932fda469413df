import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { FrameInput } from "@holon/core/link/frame.ts";
import type { Lane } from "@holon/core/log/log.ts";
import { sealRunHeader } from "@holon/core/log/run.ts";
import { integrity, openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { createStreamReceiver } from "./stream-receiver.ts";

const data = (log: SegmentLog): Lane => ({ origin: log.origin, stream: "data" });

interface Receiving {
  readonly parent: SegmentLog;
  readonly sent: FrameInput[];
  /** Hands over what the log holds of its `data` from a sequence on, as one frame; resolves when it is taken. */
  give(log: SegmentLog, from?: number): Promise<void>;
  /** Hands over bytes; throws what closes the link. */
  records(payload: Uint8Array): void;
}

async function receiving(context: TestContext): Promise<Receiving> {
  const parent = await openTempLog(tempFolder(context), { name: "edge-1" });
  context.after(() => parent.close());
  const sent: FrameInput[] = [];
  const receiver = createStreamReceiver({
    log: parent,
    integrity,
    append: (runs) => parent.appendRuns(runs),
    credit: () => [1e9, 1e9],
    received: () => true,
    settled: () => undefined,
    send: (frame) => sent.push(withoutCredit(frame)),
    safe: (_lane, received) => received,
    branched: () => undefined,
    hasTwin: () => Promise.resolve(false),
    failed: (error) => assert.fail(String(error)),
  });
  return {
    parent,
    sent,
    records: (payload) => receiver.records(payload, 0),
    async give(log, from = 1) {
      const before = sent.length;
      receiver.records(Buffer.concat((await log.readRuns(data(log), from, 1e9)).map(({ bytes }) => bytes)), 0);
      while (sent.length === before) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** What a child may send in all is the admission's matter, tried there. */
function withoutCredit(frame: FrameInput): FrameInput {
  if (frame.kind !== "stream" || (frame.header.op !== "subscribe" && frame.header.op !== "mark")) return frame;
  const { credit: _, ...header } = frame.header;
  return { ...frame, header };
}

/** A log of the gateway with these records, each in a run of its own. */
async function gateway(context: TestContext, texts: readonly string[], name = "gateway-1"): Promise<SegmentLog> {
  const log = await openTempLog(tempFolder(context), { name });
  context.after(() => log.close());
  for (const text of texts) await log.append({ records: [record("data", text)] });
  return log;
}

const operations = (frames: readonly FrameInput[]): readonly string[] => frames.map(({ header }) => header.op);

test("runs are taken once and marked; what came before its time is asked for from the mark", async (context) => {
  const { parent, sent, give } = await receiving(context);
  const child = await gateway(context, ["a", "b", "c"]);
  await give(child, 3);
  assert.deepEqual(sent.splice(0), [{ kind: "stream", header: { op: "subscribe", lanes: [["gateway-1/data", 0, "0".repeat(64)]] } }]);
  await give(child);
  await give(child);
  assert.deepEqual(sent.map(({ header }) => header), Array.from({ length: 2 }, () => ({ op: "mark", lanes: [["gateway-1/data", 4, 4]] })));
  assert.deepEqual(parent.head(data(child)), child.head(data(child)));
});

test("a lane with two histories is refused, and not asked for again: it would come the same for ever", async (context) => {
  const { parent, sent, give } = await receiving(context);
  const child = await gateway(context, ["a", "b", "c"]);
  await give(child);
  const clone = await gateway(context, ["a", "x", "y", "z", "more", "and more"]);
  sent.length = 0;
  await give(clone, 5);
  assert.deepEqual([...new Set(operations(sent))], ["refuse"]);
  sent.length = 0;
  await give(await gateway(context, ["q"], "gateway-2"));
  assert.deepEqual(operations(sent), ["mark"], "other lanes go on");
  assert.deepEqual(parent.head(data(child)), child.head(data(child)), "nothing was merged");
});

test("what is no run, is not whole, was changed or may not come from below closes the link, and nothing of it is kept", async (context) => {
  const { parent, records } = await receiving(context);
  const child = await gateway(context, ["a", "b"]);
  const runs = await child.readRuns(data(child), 1, 1e9);
  const whole = Buffer.concat(runs.map(({ bytes }) => bytes));
  const changed = Buffer.from(whole);
  changed.write("X", changed.length - 1);
  const own = await gateway(context, ["a"], "edge-1");
  const mirrored = Buffer.concat((await own.readRuns(data(own), 1, 1e9)).map(({ bytes }) => bytes));
  await child.append({ records: [record("local", "raw")] });
  const raw = Buffer.concat((await child.readRuns({ origin: child.origin, stream: "local" }, 1, 1e9)).map(({ bytes }) => bytes));
  for (const [what, payload] of Object.entries({ rubbish: Buffer.alloc(500, 7), "cut short": whole.subarray(0, -3), changed, "of this node itself": mirrored, "of the stream local": raw })) {
    assert.throws(() => records(payload), { code: "HOLON_FRAME_BAD" }, what);
  }
  assert.equal(parent.head(data(child)), undefined);
});

test("a run whose hash holds and whose tables do not, as only its writer can make it, is refused: it would look like damage of the disk", async (context) => {
  const { parent, records } = await receiving(context);
  const child = await gateway(context, ["a record"]);
  const [run] = await child.readRuns(data(child), 1, 1e9);
  assert.ok(run !== undefined);
  const { headerBytes } = run.header;
  for (const [what, change] of Object.entries<(bytes: Uint8Array) => Uint8Array>({
    "a checksum": (bytes) => flipped(bytes, headerBytes - 1),
    "a length": (bytes) => flipped(bytes, headerBytes - 16),
    "more bytes than its records have": (bytes) => Buffer.concat([bytes, Buffer.from("more")]),
  })) {
    const forged = new Uint8Array(change(run.bytes.slice()));
    sealRunHeader(forged, headerBytes, integrity);
    forged.set(integrity.sha256(forged.subarray(44)), 12);
    assert.throws(() => records(forged), { code: "HOLON_FRAME_BAD", message: /not as its origin wrote it/ }, what);
  }
  assert.equal(parent.head(data(child)), undefined);
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}
