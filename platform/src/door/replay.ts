/**
 * Plays recordings into the log: CSV or JSON lines, plain or gzip, in the order of the list.
 *
 * The offset is the next row to play and is stored in the same append as the rows before it, so a replay that is killed and
 * started again goes on with exactly the next row.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import type { Clock, DoorSink, OpenDoor } from "@holon/core/ports.ts";
import type { ReplaySourceSpec } from "@holon/core/schema/app.ts";
import { createFeed, type Feed } from "./replay/feed.ts";
import { createPace } from "./replay/pace.ts";
import { parsePosition, printPosition, type ReplayPosition } from "./replay/position.ts";
import { checkTable, readTable } from "./replay/table.ts";
import { createWaiting, type Waiting } from "./waiting.ts";

interface Replay {
  readonly spec: ReplaySourceSpec;
  readonly clock: Clock;
  readonly feed: Feed;
  readonly waiting: Waiting;
}

/**
 * Checks every file of the list, header included, then plays. `HOLON_SOURCE_MISSING`, `_NOT_A_FILE`, `_EMPTY`, `_COLUMN_MISSING`,
 * `_UNREADABLE`; `HOLON_APP_BAD` for a column map that cannot be. What shows only later (a bad row, a truncated file) ends the source.
 */
export async function openReplay(spec: ReplaySourceSpec, sink: DoorSink, clock: Clock): Promise<OpenDoor> {
  checkSpec(spec);
  const from = parsePosition(sink.offset, spec.files);
  for (const file of spec.files) await checkTable(file.path, spec);
  const waiting = createWaiting(clock);
  const playing = run({ spec, clock, feed: createFeed(sink, waiting.isStopped), waiting }, from, sink);
  return {
    address: undefined,
    async close() {
      waiting.stop();
      await playing;
    },
  };
}

/** Ends the source when all is played or something fails; a replay that was closed just stops. */
async function run(replay: Replay, from: ReplayPosition, sink: DoorSink): Promise<void> {
  let problem: HolonError | undefined;
  try {
    await playFiles(replay, from);
  } catch (error) {
    problem = toHolonError(error);
  }
  try {
    await replay.feed.flush();
    await replay.feed.settle();
  } catch (error) {
    problem ??= toHolonError(error);
  }
  if (problem !== undefined || !replay.waiting.isStopped()) sink.ended(problem);
}

async function playFiles(replay: Replay, from: ReplayPosition): Promise<void> {
  for (let index = from.index; index < replay.spec.files.length && !replay.waiting.isStopped(); index++) {
    await playFile(replay, index === from.index ? from : { index, row: 0, startMs: undefined });
  }
}

async function playFile({ spec, clock, feed, waiting }: Replay, from: ReplayPosition): Promise<void> {
  const file = spec.files[from.index];
  if (file === undefined) return;
  const pace = createPace(clock, spec.speed);
  const startMs = spec.timeColumn === undefined ? (from.startMs ?? clock.wall().ms) : undefined;
  let row = 0;
  for await (const { table, records } of readTable(file.path, spec)) {
    for (const record of records) {
      if (row++ < from.row) continue;
      const read = table.read(record);
      const next = row;
      const offset = (): string => printPosition({ index: from.index, row: next, startMs }, spec.files);
      if (read instanceof HolonError) {
        if (spec.badRows === "stop") throw read;
        feed.add({ problem: read, position: `${file.path}:${record.line}` }, offset);
      } else {
        const timeMs = read.timeMs ?? (startMs ?? 0) + next * spec.intervalMs - spec.intervalMs;
        for (let waitMs = pace.waitMs(timeMs); waitMs > 0 && !waiting.isStopped(); waitMs = pace.waitMs(timeMs)) {
          await feed.flush();
          await waiting.sleep(waitMs);
        }
        feed.add({ type: spec.type, subject: read.subject ?? file.subject, timeMs, data: read.data }, offset);
      }
      if (waiting.isStopped()) return;
      if (feed.isFull()) await feed.flush();
    }
    if (waiting.isStopped()) return;
  }
  if (row < from.row) {
    throw new HolonError("HOLON_SOURCE_EMPTY", `${file.path} holds ${row} rows, and ${from.row} of it were played before: it is not the file that it was`, {
      next: "Give the file as it was, or replay into another data folder.",
    });
  }
}

function checkSpec(spec: ReplaySourceSpec): void {
  const fields = [...Object.values(spec.columns), ...Object.values(spec.texts ?? {})];
  const bad = (what: string): HolonError => new HolonError("HOLON_APP_BAD", `source ${spec.name}: ${what}`);
  if (fields.length === 0) throw bad("columns names no column");
  if (new Set(fields).size !== fields.length) throw bad("columns maps two columns to one field");
  if (fields.includes("__proto__") || fields.includes("")) throw bad("columns maps to a field that no object can have");
  if (spec.format === "csv" && ['"', "\n", "\r"].includes(spec.delimiter)) throw bad("delimiter is a quote or a line break");
}
