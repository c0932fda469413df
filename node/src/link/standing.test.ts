import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { createClock } from "@holon/platform/clock.ts";
import type { BatchRun } from "../log/scan.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { childName } from "../testing/sim-family.ts";
import { integrity, openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import { createOutgoing } from "./outgoing.ts";
import { createStanding, type Rewound } from "./standing.ts";
import type { LaneMarks } from "./stream-sender.ts";

const name = `${childName}/data`;

/** The parent says that it has three records of five. */
async function bed(context: TestContext, acknowledged: number) {
  const log = await openTempLog(tempFolder(context));
  context.after(() => log.close());
  for (let index = 0; index < 5; index++) await log.append({ records: [record("data", `${index}`)] });
  const hash = (await log.readRuns({ origin: childName, stream: "data" }, 3, 1)).at(0)?.header.hash ?? "";
  const marks = new Map<string, LaneMarks>([[name, { received: acknowledged, safe: 0 }]]);
  const rewound: Rewound[] = [];
  let subscribed = false;
  const never = (): never => assert.fail("nothing of that is to happen");
  const standing = createStanding({
    log, clock: createClock(), outgoing: createOutgoing(log, integrity), marks,
    sender: { credited: () => undefined, refuse: never, subscribe: () => void (subscribed = true) },
    offer: never, ask: never, forked: never, rewound: (lanes) => void rewound.push(...lanes), held: never, released: () => undefined, failed: never,
  });
  context.after(standing.stop);
  standing.subscribed([[name, 3, hash]], undefined);
  return {
    marks, rewound,
    async agreed() {
      while (!subscribed) await setTimeout(1);
    },
  };
}

test("a parent that holds less than it had acknowledged is told of", async (context) => {
  const { marks, rewound, agreed } = await bed(context, 5);
  await agreed();
  assert.deepEqual([rewound, marks.get(name)?.received], [[{ lane: name, had: 5, has: 3 }], 3]);
});

test("one that acknowledges more while its lanes are compared holds no less", async (context) => {
  const { marks, rewound, agreed } = await bed(context, 3);
  marks.set(name, { received: 5, safe: 0 }); // its word comes before the comparison is over
  await agreed();
  assert.deepEqual([rewound, marks.get(name)?.received], [[], 5]);
});

test("histories that parted before the parent's mark, which lies in a hole of this log, are told apart: what stands before the hole is sent as a branch", async (context) => {
  const epoch = "7k3f9qxa0bcde";
  const run = (firstSequence: number, count: number, form: "whole" | "gap") => ({ header: { origin: childName, stream: "data", epoch, firstSequence, count, form, hash: form === "gap" ? "0".repeat(64) : `${firstSequence}`.repeat(64) }, bytes: new Uint8Array(0) }) as unknown as BatchRun;
  const runs = [run(1, 2, "whole"), run(3, 1, "whole"), run(4, 4, "gap"), run(8, 1, "whole")];
  const held = { origin: childName, epoch, head: () => ({ epoch, sequence: 8, hash: "8".repeat(64) }), readRuns: (_lane: unknown, from: number) => Promise.resolve(runs.filter(({ header }) => header.firstSequence + header.count > from).slice(0, 1)) } as unknown as SegmentLog;
  for (const nextEpoch of ["another-epoch", undefined]) {
    const told: unknown[] = [];
    let isAgreed = false;
    const standing = createStanding({
      log: held, clock: createClock(), outgoing: createOutgoing(held, integrity), marks: new Map(),
      sender: { credited: () => undefined, refuse: () => undefined, subscribe: (lanes) => void (isAgreed = isAgreed || lanes.length > 0) },
      offer: (lanes) => void told.push(lanes),
      // The parent has records 1 and 2 as here, and then others, of which it may have let go.
      ask: (lane, points) => standing.answered({ op: "common", lane, found: { point: points.some(([sequence]) => sequence === 2) ? points.findIndex(([sequence]) => sequence === 2) : points.length, lane: name, sequence: 5, hash: "5".repeat(64), ...(nextEpoch === undefined ? {} : { nextEpoch }) } }),
      forked: (fork) => void told.push(fork.after?.sequence), rewound: () => undefined, held: (_lane, message) => assert.fail(message), released: () => undefined, failed: (error) => assert.fail(String(error)),
    });
    context.after(standing.stop);
    standing.subscribed([[name, 5, "5".repeat(64)]], undefined);
    while (!isAgreed && told.length < 2) await setTimeout(1);
    assert.deepEqual(told, nextEpoch === undefined ? [] : [2, [`${childName}~333333/data`]]);
  }
});
