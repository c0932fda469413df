/** Counts what was right of what was judged, for objectives of accuracy: from this node's own records, each once, also over a start. */
import { judgedKey, rightKey } from "@holon/core/alert/sli.ts";
import { parseStoredEvent, startsWith } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { typePrefix } from "@holon/core/run/trigger-events.ts";
import type { StreamName } from "@holon/core/schema/event.ts";
import { z } from "zod";
import type { SegmentLog } from "../log/segment-log.ts";

const countSchema = z.object({ judged: z.number(), right: z.number(), through: z.number() });
type Count = z.infer<typeof countSchema>;
const prefix = "objective/judged/";
const encoder = new TextEncoder();

interface Judged {
  readonly app: string;
  readonly name: string;
  readonly type: string;
  readonly field: string;
  readonly stream: StreamName;
}

/** Totals so far, by key of a metric; of an objective that is new here, from now on. What is added is on disk when it is answered. One after the other. */
export async function judgedTotals(log: SegmentLog, apps: readonly AppDocument[]): Promise<ReadonlyMap<string, number>> {
  const totals = new Map<string, number>();
  for (const judged of apps.flatMap(judgedOf)) {
    const count = await countOn(log, judged);
    totals.set(judgedKey(judged.app, judged.name), count.judged);
    totals.set(rightKey(judged.app, judged.name), count.right);
  }
  return totals;
}

/** Where events of that type stand is said by who emits them, or by the source. */
function judgedOf(app: AppDocument): readonly Judged[] {
  return (app.objectives ?? []).flatMap((objective): Judged[] => {
    if (objective.kind !== "accuracy") return [];
    const { name, type, field } = objective;
    const source = app.sources.find((one) => one.type === type);
    const stream = app.functions.find(({ emits }) => emits[type] !== undefined)?.emits[type]?.stream ?? (source === undefined ? undefined : (source.stream ?? "local"));
    return stream === undefined ? [] : [{ app: app.name, name, type, field, stream }];
  });
}

async function countOn(log: SegmentLog, { app, name, type, field, stream }: Judged): Promise<Count> {
  const key = `${prefix}${app}/${name}`;
  const lane = { origin: log.origin, stream };
  const head = log.head(lane)?.sequence ?? 0;
  const cell = log.cell(key);
  // What was judged before anybody wanted to know is past: it does not burn now.
  const before: Count = cell === undefined ? { judged: 0, right: 0, through: head } : countSchema.parse(parseJson(cell));
  const begin = encoder.encode(typePrefix(type));
  let { judged, right, through } = before;
  for (let reads = 0; through < head && reads < readsMax; reads++) {
    const records = await log.read(lane, through + 1, { maxRecords: limits.unitBatchMax, maxBytes: limits.linkBatchBytesMax });
    for (const { bytes } of records) {
      if (!startsWith(bytes, begin)) continue;
      const word = wordOf(bytes, field);
      if (word === undefined) continue;
      judged += 1;
      if (word) right += 1;
    }
    through = records.at(-1)?.sequence ?? head;
  }
  const count = { judged, right, through };
  if (cell === undefined || through !== before.through) await log.append({ cells: [{ key, value: encoder.encode(JSON.stringify(count)) }] });
  return count;
}

/** Of one window; what is left comes with the next. */
const readsMax = 64;

function wordOf(bytes: Uint8Array, field: string): boolean | undefined {
  try {
    const { data } = parseStoredEvent(bytes, "");
    const word: unknown = typeof data === "object" && data !== null ? Object.entries(data).find(([key]) => key === field)?.[1] : undefined;
    return typeof word === "boolean" ? word : undefined;
  } catch {
    return undefined; // shown as unknown where events are read
  }
}
