/**
 * Measures the program, the configuration and the artifacts of this node, a slice at a time in the background: when it starts and now and then.
 * What differs from what was adopted is told as an alarm, once for as long as it stays so. It stops nothing by itself: altered code and models are refused
 * by the store of blobs, an altered configuration by whoever starts the node, and a program cannot judge itself, so that it goes on and says so.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { toHex } from "@holon/core/log/hex.ts";
import { digestText } from "@holon/core/measure/quote.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import { differences, type Adopted, type Difference, type Measurement } from "@holon/core/measure/measured.ts";
import type { Clock, Measurer, Timer, Trace } from "@holon/core/ports.ts";
import type { BlobHash } from "@holon/core/units.ts";
import type { BlobStore } from "../blob/store.ts";
import type { Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export interface MeasureStatus {
  /** `unmeasured`: nothing was ever adopted. */
  readonly state: "unmeasured" | "measuring" | "adopted" | "altered";
  readonly adopted: Pick<Adopted, "by" | "because" | "atMs"> | undefined;
  readonly files: number;
  readonly altered: readonly Difference[];
  /** Hashes of all that was adopted, and of all that was found; undefined where nothing was adopted. */
  readonly digests: { readonly adopted: string; readonly found: string } | undefined;
  /** Of the last round that came to its end, by the node's wall clock. */
  readonly asOfMs: number | undefined;
}

export interface MeasureWatch {
  status(): MeasureStatus;
  close(): Promise<void>;
}

export interface MeasureOptions {
  readonly measurer: Measurer;
  readonly log: SegmentLog;
  readonly events: Events;
  readonly blobs: Pick<BlobStore, "read">;
  sha256(bytes: Uint8Array): Uint8Array;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  /** Blobs that this node is to run. */
  artifacts(): readonly BlobHash[];
}

const adoptedCell = "measured/adopted";
const toldMax = 200;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function createMeasureWatch({ measurer, log, events, blobs, sha256, ports, artifacts }: MeasureOptions): MeasureWatch {
  let status: MeasureStatus = { state: "measuring", adopted: undefined, files: 0, altered: [], digests: undefined, asOfMs: undefined };
  const told = new Map<string, string>();
  let timer: Timer | undefined;
  let busy: Promise<void> | undefined;
  let closed = false;

  const pause = (): Promise<void> => new Promise((resolve) => ports.clock.after(limits.measureSliceMs, resolve));

  async function round(): Promise<void> {
    let adopted: Adopted | undefined;
    let altered: Difference[] = [];
    try {
      adopted = await measurer.adopted();
    } catch (error) {
      const { code, message } = toHolonError(error);
      if (code !== "HOLON_MEASURE_BAD") throw error;
      ports.trace.note("error", message, { code });
      altered = [{ what: "record of what was adopted", expected: null, found: null }];
    }
    const found = adopted === undefined ? [] : await measure();
    if (adopted !== undefined) altered = [...differences(adopted.files, found)];
    if (adopted !== undefined) altered.push(...((await measurer.derived?.()) ?? []));
    altered.push(...(await alteredArtifacts()));
    if (closed) return;
    await tell(altered);
    if (adopted !== undefined) await tellAdopted(adopted);
    const { by, because, atMs } = adopted ?? {};
    status = {
      state: altered.length > 0 ? "altered" : adopted === undefined ? "unmeasured" : "adopted",
      adopted: by === undefined || because === undefined || atMs === undefined ? undefined : { by, because, atMs },
      files: found.length,
      altered: altered.slice(0, toldMax),
      digests: adopted && { adopted: digest(adopted.files), found: digest(found) },
      asOfMs: ports.clock.wall().ms,
    };
  }

  const digest = (files: readonly Measurement[]): string => toHex(sha256(digestText(files)));

  async function measure(): Promise<readonly Measurement[]> {
    const found: Measurement[] = [];
    for (const [index, name] of (await measurer.names()).entries()) {
      if (closed) return found;
      if (index % limits.measureSliceFiles === limits.measureSliceFiles - 1) await pause();
      const hash = await measurer.hash(name);
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
    return altered;
  }

  async function tell(altered: readonly Difference[]): Promise<void> {
    const records: NewRecord[] = [];
    const now = new Set(altered.map(({ what }) => what));
    for (const what of told.keys()) if (!now.has(what)) told.delete(what);
    for (const difference of altered.slice(0, toldMax)) {
      const { what, expected, found } = difference;
      if (told.get(what) === `${found}`) continue;
      ports.trace.note("error", `${what} is not as it was adopted: ${expected ?? "nothing"} was, ${found ?? "nothing"} is there`, { code: "HOLON_NODE_ALTERED" });
      records.push(events.record({ stream: "alarm", type: "holon.node.altered", class: "public", producer: "measure", data: { ...difference } }));
    }
    if (records.length > 0) await log.append({ records });
    for (const { what, found } of altered.slice(0, toldMax)) told.set(what, `${found}`);
  }

  /** Who adopted what stands in the trail, once. */
  async function tellAdopted({ by, because, atMs, files }: Adopted): Promise<void> {
    const mark = JSON.stringify([by, because, atMs, digest(files)]);
    const before = log.cell(adoptedCell);
    if (before !== undefined && decoder.decode(before) === mark) return;
    const record = events.record({ stream: "audit", type: "holon.node.adopted", class: "public", producer: "measure", data: { by, because, files: files.length, digest: digest(files) } });
    await log.append({ records: [record], cells: [{ key: adoptedCell, value: encoder.encode(mark) }] });
  }

  function tick(): void {
    timer = undefined;
    busy = round()
      .catch((error: unknown) => ports.trace.note("warn", `measuring: ${toHolonError(error).message}`, { code: toHolonError(error).code }))
      .finally(() => {
        busy = undefined;
        if (!closed) timer = ports.clock.after(limits.measureEveryMs, tick);
      });
  }

  timer = ports.clock.after(0, tick);
  return {
    status: () => status,
    async close() {
      closed = true;
      timer?.cancel();
      await busy;
    },
  };
}
