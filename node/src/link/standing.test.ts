import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { createClock } from "@holon/platform/clock.ts";
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
