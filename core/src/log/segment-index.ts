/**
 * What a sealed segment holds, by time and type: so that a question for the alarms of last night reads those parts of the log and no others.
 *
 *     log/000000000001.idx    "holonidx"   8 u32 version   12 u32 CRC-32 of the rest   then JSON in UTF-8
 *
 * A region is what begins within one block of 64 KiB of the segment. The index never hides anything: what could not be read when it was
 * made is in a region that may hold whatever is asked for. It can be made again from the segment at any time.
 */
import { z } from "zod";
import { countedMs } from "./counted.ts";
import type { Integrity } from "./run.ts";

export interface IndexRegion {
  /** Of its first batch, and behind its last. */
  readonly offset: number;
  readonly end: number;
  /** When its records were recorded, by their own account, ms since 1970. */
  readonly minMs: number;
  readonly maxMs: number;
  /** As of when they count (`counted.ts`), first and last, where that is not the same. */
  readonly counted?: readonly [number, number] | undefined;
  /** Places in the index's list of types; null: any. */
  readonly types: readonly number[] | null;
  /** Places in the index's list of lanes. */
  readonly lanes: readonly number[];
}

export interface SegmentIndex {
  /** Of the segment as far as it is described. */
  readonly sizeBytes: number;
  readonly types: readonly string[];
  readonly lanes: readonly string[];
  readonly regions: readonly IndexRegion[];
}

const regionBlockBytes = 64 * 1024;
/** A segment with more types than this has regions of any type. */
const typesMax = 1_024;
const magic = "holonidx";
const version = 1;
const headerBytes = 16;
/** The range of an ECMAScript time value. */
const anyTime = { minMs: -8.64e15, maxMs: 8.64e15 } as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** What a record says of itself; undefined where it does not. */
export interface RecordSketch {
  readonly type: string;
  readonly recordedMs: number;
}

export interface IndexBuilder {
  /** One batch, in the order of the segment, and when it was written by the clock here. */
  add(offset: number, end: number, arrivedMs: number, runs: readonly { readonly lane: string; readonly records: readonly (RecordSketch | undefined)[] }[]): void;
  /** A part of the segment that is no batch any more. */
  addUnknown(offset: number, end: number): void;
  index(): SegmentIndex;
}

interface OpenRegion {
  readonly offset: number;
  end: number;
  minMs: number;
  maxMs: number;
  countedMinMs: number;
  countedMaxMs: number;
  types: Set<number> | null;
  readonly lanes: Set<number>;
}

export function createIndexBuilder(): IndexBuilder {
  const types = new Map<string, number>();
  const lanes = new Map<string, number>();
  const regions: OpenRegion[] = [];
  let sizeBytes = 0;

  function regionAt(offset: number, end: number): OpenRegion {
    sizeBytes = end;
    const last = regions.at(-1);
    if (last !== undefined && Math.floor(last.offset / regionBlockBytes) === Math.floor(offset / regionBlockBytes)) {
      last.end = end;
      return last;
    }
    const region: OpenRegion = { offset, end, minMs: Infinity, maxMs: -Infinity, countedMinMs: Infinity, countedMaxMs: -Infinity, types: new Set(), lanes: new Set() };
    regions.push(region);
    return region;
  }

  function place(places: Map<string, number>, name: string): number {
    const known = places.get(name);
    if (known !== undefined) return known;
    places.set(name, places.size);
    return places.size - 1;
  }

  function sketch(region: OpenRegion, record: RecordSketch | undefined, arrivedMs: number): void {
    if (record === undefined || (types.size >= typesMax && !types.has(record.type))) return anything(region);
    region.types?.add(place(types, record.type));
    region.minMs = Math.min(region.minMs, record.recordedMs);
    region.maxMs = Math.max(region.maxMs, record.recordedMs);
    const atMs = countedMs(record.recordedMs, arrivedMs);
    region.countedMinMs = Math.min(region.countedMinMs, atMs);
    region.countedMaxMs = Math.max(region.countedMaxMs, atMs);
  }

  return {
    add(offset, end, arrivedMs, runs) {
      const region = regionAt(offset, end);
      for (const run of runs) {
        region.lanes.add(place(lanes, run.lane));
        for (const record of run.records) sketch(region, record, arrivedMs);
      }
    },
    addUnknown: (offset, end) => anything(regionAt(offset, end)),
    index: () => ({
      sizeBytes,
      types: [...types.keys()],
      lanes: [...lanes.keys()],
      // What holds no record at all is in no answer.
      regions: regions.filter(({ maxMs }) => maxMs !== -Infinity).map(closed),
    }),
  };
}

function anything(region: OpenRegion): void {
  region.types = null;
  Object.assign(region, anyTime, { countedMinMs: anyTime.minMs, countedMaxMs: anyTime.maxMs });
}

function closed({ offset, end, minMs, maxMs, countedMinMs, countedMaxMs, types, lanes }: OpenRegion): IndexRegion {
  const isSame = countedMinMs === minMs && countedMaxMs === maxMs;
  return { offset, end, minMs, maxMs, ...(isSame ? {} : { counted: [countedMinMs, countedMaxMs] as const }), types: types && [...types], lanes: [...lanes] };
}

/** Whether a region of any lane: damaged parts may hold runs of lanes that nobody counted. */
export const holdsAnyLane = (region: IndexRegion): boolean => region.types === null;

/** Of a whole segment: small enough to be kept in memory. */
export function summaryOf(index: SegmentIndex): SegmentIndex {
  const { regions } = index;
  const [first] = regions;
  if (first === undefined) return index;
  const isAny = regions.some((region) => region.types === null);
  const whole: IndexRegion = {
    offset: first.offset,
    end: regions.at(-1)?.end ?? first.end,
    minMs: Math.min(...regions.map(({ minMs }) => minMs)),
    maxMs: Math.max(...regions.map(({ maxMs }) => maxMs)),
    ...(regions.every(({ counted }) => counted === undefined) ? {} : { counted: [Math.min(...regions.map(({ counted, minMs }) => counted?.[0] ?? minMs)), Math.max(...regions.map(({ counted, maxMs }) => counted?.[1] ?? maxMs))] as const }),
    types: isAny ? null : index.types.map((_, place) => place),
    lanes: index.lanes.map((_, place) => place),
  };
  return { ...index, regions: [whole] };
}

const places = z.array(z.int().min(0));
const bodySchema = z.object({
  segment: z.int(),
  sizeBytes: z.int(),
  types: z.array(z.string()),
  lanes: z.array(z.string()),
  regions: z.array(z.tuple([z.int(), z.int(), z.number(), z.number(), places.nullable(), places, z.tuple([z.number(), z.number()]).optional()])),
});

export const segmentIndexPath = (number: number): string => `log/${String(number).padStart(12, "0")}.idx`;

/** `undefined` for a file that is no index. */
export function segmentIndexNumber(name: string): number | undefined {
  const match = /^(\d{12})\.idx$/.exec(name);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

export function encodeSegmentIndex(segment: number, index: SegmentIndex, integrity: Integrity): Uint8Array {
  const regions = index.regions.map(({ offset, end, minMs, maxMs, types, lanes, counted }) => [offset, end, minMs, maxMs, types, lanes, ...(counted === undefined ? [] : [counted])]);
  const body = encoder.encode(JSON.stringify({ segment, ...index, regions }));
  const bytes = new Uint8Array(headerBytes + body.length);
  const view = new DataView(bytes.buffer);
  for (const [place, letter] of [...magic].entries()) bytes[place] = letter.charCodeAt(0);
  bytes.set(body, headerBytes);
  view.setUint32(8, version, true);
  view.setUint32(12, integrity.crc32(body), true);
  return bytes;
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch {
    return undefined; // fits no schema: made again
  }
}

/** `undefined` if it is damaged, of another version, or not of this segment at this size: then it is made again. */
export function decodeSegmentIndex(bytes: Uint8Array, segment: number, sizeBytes: number, integrity: Integrity): SegmentIndex | undefined {
  if (bytes.length < headerBytes || [...magic].some((letter, index) => bytes[index] !== letter.charCodeAt(0))) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = bytes.subarray(headerBytes);
  if (view.getUint32(8, true) !== version || integrity.crc32(body) !== view.getUint32(12, true)) return undefined;
  const parsed = bodySchema.safeParse(jsonOf(body));
  if (!parsed.success || parsed.data.segment !== segment || parsed.data.sizeBytes !== sizeBytes) return undefined;
  const regions = parsed.data.regions.map(([offset, end, minMs, maxMs, types, lanes, counted]): IndexRegion => ({ offset, end, minMs, maxMs, ...(counted === undefined ? {} : { counted }), types, lanes }));
  return { ...parsed.data, regions };
}
