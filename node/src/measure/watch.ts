/**
 * Measures the program, the configuration and the artifacts of this node, a slice at a time in the background: when it starts and now and then.
 * What differs from what was adopted is told as an alarm, once for as long as it stays so. Altered code and models are refused by the store of blobs, an altered configuration by whoever
 * starts the node. Where the program differs the node goes on with what it ran, and holds back secrets and what is new (hold.ts).
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { toHex } from "@holon/core/log/hex.ts";
import { digestText, nothing } from "@holon/core/measure/quote.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { HeldRow } from "@holon/core/measure/held.ts";
import { adoptionNumber, configurationName, differences, firstStart, judged, ofProgram, olderRecordName, recordName, type Adopted, type Difference, type Measurement } from "@holon/core/measure/measured.ts";
import type { Clock, Measurer, Timer, Trace } from "@holon/core/ports.ts";
import { createTurns } from "@holon/core/turns.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { z } from "zod";
import type { BlobStore } from "../blob/store.ts";
import type { Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { Hold } from "./hold.ts";

export interface MeasureStatus {
  /** `unmeasured`: nothing was ever adopted. */
  readonly state: "unmeasured" | "measuring" | "adopted" | "altered";
  readonly adopted: Pick<Adopted, "by" | "because" | "atMs"> | undefined;
  readonly files: number;
  readonly altered: readonly Difference[];
  /** Hashes of all that was adopted (zeros where there is no record that could be believed), and of all that was found; undefined where nothing was adopted. */
  readonly digests: { readonly adopted: string; readonly found: string } | undefined;
  /** Secrets and what is new are held back, since the program is not what was adopted. */
  readonly held?: HeldRow | undefined;
  /** Of the last round that came to its end, by the node's wall clock. */
  readonly asOfMs: number | undefined;
}

export interface MeasureWatch {
  status(): MeasureStatus;
  /** Resolves when it is known whether the program is what was adopted: soon, since somebody waits for it. Undefined where it is. */
  looked(): Promise<void> | undefined;
  /** What is there is what the node is to be made of, if that has this hash. Resolves when nothing is held back any more. `HOLON_MEASURE_OTHER`. */
  adopt(by: string, because: string, found: string): Promise<{ readonly files: number; readonly altered: readonly Difference[] }>;
  close(): Promise<void>;
}

export interface MeasureOptions {
  readonly measurer: Measurer;
  readonly log: SegmentLog;
  readonly events: Events;
  readonly blobs: Pick<BlobStore, "read" | "takeDamaged">;
  readonly hold: Pick<Hold, "row" | "put" | "lift">;
  sha256(bytes: Uint8Array): Uint8Array;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  /** Blobs that this node is to run. */
  artifacts(): readonly BlobHash[];
}

const adoptedCell = "measured/adopted";
/** That something was told as altered, and nothing since as being well. */
const alteredCell = "measured/altered";
/** By whom, why, when, its hash and its number, as the cell holds them. */
const markSchema = z.tuple([z.string(), z.string(), z.number(), z.string(), z.int()]);
/** `bad`: not as this node's key wrote it, or gone. */
type NoRecord = "bad" | "older";
const isRecord = (record: Adopted | NoRecord | undefined): record is Adopted => typeof record === "object";
const toldMax = 200;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function createMeasureWatch({ measurer, log, events, blobs, hold, sha256, ports, artifacts }: MeasureOptions): MeasureWatch {
  let status: MeasureStatus = { state: "measuring", adopted: undefined, files: 0, altered: [], digests: undefined, asOfMs: undefined };
  const told = new Map<string, string>();
  const inTurn = createTurns();
  let timer: Timer | undefined;
  let closed = false;
  /** Somebody waits for what the program is made of; where something is held back, all do. */
  let isAwaited = hold.row() !== undefined;
  /** What of the record, and when, was judged last. */
  let last = { record: "", atMs: Number.NEGATIVE_INFINITY };
  let isJudged = false;
  let wake: () => void = () => undefined;
  const firstJudgement = new Promise<void>((resolve) => (wake = resolve));
  const judgedOnce = (): void => {
    isJudged = true;
    isAwaited = false;
    wake();
  };

  const pause = (): Promise<void> => new Promise((resolve) => void (isAwaited ? resolve() : ports.clock.after(limits.measureSliceMs, resolve)));

  /** Undefined: nothing ever was. A record that is gone is told from one that never was by what the log says, and so is one that another followed: put back with the files of then, it would hide what they are. */
  async function recordOf(): Promise<Adopted | NoRecord | undefined> {
    try {
      const adopted = await measurer.adopted();
      if (adopted === undefined) return log.cell(adoptedCell) === undefined ? undefined : "bad";
      const [number, highest] = [adopted.number ?? 0, highestTold()];
      return number < highest || (number === highest && highest > 0 && !isTold(adopted)) ? "older" : adopted;
    } catch (error) {
      const { code, message } = toHolonError(error);
      ports.trace.note("debug", message, { code }); // the alarm says so
      return "bad";
    }
  }

  async function round(): Promise<void> {
    const record = await recordOf();
    last = { record: textOf(record), atMs: ports.clock.monotonicMs() };
    if (record === undefined && measurer.trustsFirst !== true) return settle(undefined, [], await alteredArtifacts());
    if (record === undefined) judgedOnce(); // there is nothing to hold it against
    const all = await measure();
    if (closed) return;
    const adopted = record === undefined ? await trustFirst(all) : isRecord(record) ? record : undefined;
    const found = judged(all, adopted?.files);
    const altered = adopted === undefined ? [{ what: record === "older" ? olderRecordName : recordName, expected: null, found: null }] : differences(adopted.files, found);
    await judge(ofProgram(altered), digest(found), adopted);
    judgedOnce();
    return settle(adopted, found, [...altered, ...((await measurer.derived?.()) ?? []), ...(await alteredArtifacts())]);
  }

  /** Another configuration is what its operator wrote, until somebody adopts one. */
  async function trustFirst(found: readonly Measurement[]): Promise<Adopted> {
    const { ms } = ports.clock.wall();
    const adopted: Adopted = { number: adoptionNumber(0, ms), by: firstStart, because: "found at the first start of this node", atMs: ms, files: found.filter(({ name }) => name !== configurationName) };
    await measurer.adopt(adopted);
    return adopted;
  }

  async function judge(program: readonly Difference[], found: string, adopted: Adopted | undefined): Promise<void> {
    if (program.length > 0) await hold.put(program, found);
    else if (hold.row() !== undefined) await hold.lift(adopted === undefined || isTold(adopted) ? "reverted" : adopted);
  }

  async function settle(adopted: Adopted | undefined, found: readonly Measurement[], altered: readonly Difference[]): Promise<void> {
    judgedOnce();
    if (closed) return;
    await tell(altered);
    if (adopted !== undefined) await tellAdopted(adopted);
    const { by, because, atMs } = adopted ?? {};
    status = {
      state: altered.length > 0 ? "altered" : adopted === undefined ? "unmeasured" : "adopted",
      adopted: by === undefined || because === undefined || atMs === undefined ? undefined : { by, because, atMs },
      files: found.length,
      altered: altered.slice(0, toldMax),
      digests: found.length === 0 ? undefined : { adopted: adopted === undefined ? nothing : digest(adopted.files), found: digest(found) },
      asOfMs: ports.clock.wall().ms,
    };
  }

  const digest = (files: readonly Measurement[]): string => toHex(sha256(digestText(files)));
  const textOf = (record: Adopted | NoRecord | undefined): string => (isRecord(record) ? markOf(record) : `${record}`);
  const markOf = ({ number, by, because, atMs, files }: Adopted): string => JSON.stringify([by, because, atMs, digest(files), ...(number === undefined ? [] : [number])]);

  async function measure(): Promise<readonly Measurement[]> {
    const found: Measurement[] = [];
    for (const [index, name] of (await measurer.names()).entries()) {
      if (closed) return found;
      if (index % limits.measureSliceFiles === limits.measureSliceFiles - 1) await pause();
      const hash = await measurer.hash(name).catch((error: unknown) => void ports.trace.note("warn", `${name}: ${toHolonError(error).message}`)); // what cannot be read is not what was adopted
      if (hash !== undefined) found.push({ name, hash });
    }
    return found;
  }

  /** Those that are here and are not what their names say; one flipped bit is mended, and no more than that. */
  async function alteredArtifacts(): Promise<readonly Difference[]> {
    const altered: Difference[] = [];
    for (const hash of artifacts()) {
      if (closed) return altered;
      const found = await measurer.artifact(hash);
      if (found === undefined || found === hash) continue;
      const isMended = await blobs.read(hash).then(() => true, (error: unknown) => !(error instanceof HolonError) || error.code !== "HOLON_BLOB_BAD");
      if (!isMended) altered.push({ what: `artifact ${hash}`, expected: hash, found });
    }
    // Others read before this looks: what they found is gone by now, or there again from above.
    for (const [hash, found] of blobs.takeDamaged()) if (!altered.some(({ expected }) => expected === hash)) altered.push({ what: `artifact ${hash}`, expected: hash, found });
    return altered;
  }

  async function tell(altered: readonly Difference[]): Promise<void> {
    const records: NewRecord[] = [];
    const now = new Set(altered.map(({ what }) => what));
    for (const what of told.keys()) if (!now.has(what)) told.delete(what);
    const isOpen = log.cell(alteredCell) !== undefined;
    for (const difference of altered.slice(0, toldMax)) {
      const { what, expected, found } = difference;
      if (told.get(what) === `${found}`) continue;
      ports.trace.note("error", `${what} is not as it was adopted: ${expected ?? "nothing"} was, ${found ?? "nothing"} is there`, { code: "HOLON_NODE_ALTERED" });
      records.push(events.record({ stream: "alarm", type: "holon.node.altered", class: "public", producer: "measure", data: { ...difference, state: "open" } }));
    }
    // One incident, until nothing is altered any more: put back, or adopted.
    if (altered.length === 0 && isOpen) records.push(events.record({ stream: "alarm", type: "holon.node.altered", class: "public", producer: "measure", data: { state: "closed" } }));
    const cells = (altered.length > 0) === isOpen ? [] : [{ key: alteredCell, value: altered.length > 0 ? encoder.encode("true") : null }];
    if (records.length + cells.length > 0) await log.append({ records, cells });
    for (const { what, found } of altered.slice(0, toldMax)) told.set(what, `${found}`);
  }

  /** Number of the last adoption that was told; 0 where it had none. */
  const highestTold = (): number => {
    const before = log.cell(adoptedCell);
    const mark = markSchema.safeParse(before && parseJson(before));
    return mark.success ? mark.data[4] : 0;
  };

  const isTold = (adopted: Adopted): boolean => {
    const before = log.cell(adoptedCell);
    return before !== undefined && decoder.decode(before) === markOf(adopted);
  };

  /** Who adopted what stands in the trail, once. */
  async function tellAdopted(adopted: Adopted): Promise<void> {
    if (isTold(adopted)) return;
    const { number, by, because, files } = adopted;
    const record = events.record({ stream: "audit", type: "holon.node.adopted", class: "public", producer: "measure", data: { by, because, files: files.length, digest: digest(files), ...(number === undefined ? {} : { number }) } });
    await log.append({ records: [record], cells: [{ key: adoptedCell, value: encoder.encode(markOf(adopted)) }] });
  }

  /** While something is held back: whether somebody adopted it, and now and then whether it was put back. */
  async function look(): Promise<void> {
    const isDue = hold.row() === undefined || ports.clock.monotonicMs() - last.atMs >= limits.measureHeldMs;
    if (isDue || textOf(await recordOf()) !== last.record) await round();
  }

  function tick(): void {
    timer = undefined;
    inTurn(() => (closed ? Promise.resolve() : look()))
      .catch((error: unknown) => ports.trace.note("warn", `measuring: ${toHolonError(error).message}`, { code: toHolonError(error).code }))
      .finally(() => {
        judgedOnce(); // what could not be looked at stays as it was
        if (!closed) timer = ports.clock.after(hold.row() === undefined ? limits.measureEveryMs : limits.measureLookMs, tick);
      });
  }

  /** `found` is what somebody saw: nothing else is adopted, whatever was changed since. */
  async function adoptNow(by: string, because: string, wanted: string): Promise<{ readonly files: number; readonly altered: readonly Difference[] }> {
    isAwaited = true;
    const before = await recordOf();
    const adopted = isRecord(before) ? before : undefined;
    const all = await measure();
    const files = [...judged(all, adopted?.files)];
    const found = digest(files);
    if (closed || found !== wanted) throw new HolonError("HOLON_MEASURE_OTHER", `${log.origin} is made of ${found.slice(0, 12)} now, and ${wanted.slice(0, 12)} was to be adopted`);
    const { ms } = ports.clock.wall();
    const next: Adopted = { number: adoptionNumber(Math.max(highestTold(), adopted?.number ?? 0), ms), by, because, atMs: ms, files };
    await measurer.adopt(next);
    last = { record: textOf(next), atMs: ports.clock.monotonicMs() };
    await judge([], found, next);
    await settle(next, files, [...((await measurer.derived?.()) ?? []), ...(await alteredArtifacts())]);
    return { files: files.length, altered: differences(adopted?.files ?? [], files).slice(0, toldMax) };
  }

  timer = ports.clock.after(0, tick);
  return {
    status() {
      const held = hold.row();
      return { ...status, held: held === undefined || isJudged ? held : { ...held, isOfBefore: true } };
    },
    looked() {
      if (isJudged) return undefined;
      isAwaited = true;
      return firstJudgement;
    },
    adopt: (by, because, found) => inTurn(() => adoptNow(by, because, found).finally(() => (isAwaited = false))),
    async close() {
      closed = true;
      timer?.cancel();
      judgedOnce();
      await inTurn(() => Promise.resolve());
    },
  };
}
