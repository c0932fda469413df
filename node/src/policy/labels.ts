/** What a run says of its data: class, where it was born, what it went through. */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { classesOf, runPreambles, runRecords, type Integrity } from "@holon/core/log/run.ts";
import { parseTransform, printOnEvent, type Transform } from "@holon/core/policy/transform.ts";
import { dataClassSchema, type DataClass, type StoredEvent } from "@holon/core/schema/event.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { BatchRun } from "../log/scan.ts";

export interface Label {
  readonly class: DataClass;
  /** Undefined where nothing of the run can be read: then nothing of it is told either. */
  readonly jurisdiction: string | undefined;
  /** Known only where it was asked for. */
  readonly through: Transform | undefined;
}

export interface Labels {
  /**
   * Each combination once. A node has one jurisdiction for as long as its log is open, so that the first record of a run stands for all; only where
   * rules ask for transforms is each record looked at. What a node says of its own data is believed: it is the one who knows.
   */
  of(run: BatchRun, asksTransforms: ReadonlySet<DataClass>): readonly Label[];
}

export interface LabelsOptions {
  readonly self: NodeName;
  readonly epoch: string;
  readonly jurisdiction: string;
  readonly integrity: Integrity;
}

export function createLabels({ self, epoch, jurisdiction, integrity }: LabelsOptions): Labels {
  const born = new Map<string, string>();

  function birthplace(run: BatchRun): string | undefined {
    const { header } = run;
    if (header.origin === self && header.epoch === epoch) return jurisdiction;
    const key = `${header.origin} ${header.epoch}`;
    const known = born.get(key);
    if (known !== undefined) return known;
    for (const event of eventsOf(run, integrity)) {
      if (born.size >= limits.policyOriginsMax) born.clear();
      born.set(key, event.jurisdiction);
      return event.jurisdiction;
    }
    return undefined;
  }

  return {
    of(run, asksTransforms) {
      if (asksTransforms.size === 0 || !classesOf(run.header.classes).some((own) => asksTransforms.has(own))) {
        const place = birthplace(run);
        return classesOf(run.header.classes).map((own) => ({ class: own, jurisdiction: place, through: undefined }));
      }
      const found = new Map<string, Label>();
      const missed = new Set(classesOf(run.header.classes));
      // Where records share what they begin with, their own bytes are data, in which anything may stand.
      const isPlain = run.header.origin === self && run.header.form === "whole" && runPreambles(run.bytes, run.header) === undefined;
      for (const event of isPlain ? ownAttributes(run) : eventsOf(run, integrity)) {
        missed.delete(event.class);
        found.set(`${event.class} ${event.jurisdiction} ${event.through ?? ""}`, { class: event.class, jurisdiction: event.jurisdiction, through: event.through === undefined ? undefined : parseTransform(event.through) });
      }
      // A class that the run names and no event that can be read has: nothing else is known of it.
      for (const own of missed) found.set(own, { class: own, jurisdiction: undefined, through: undefined });
      return [...found.values()];
    },
  };
}

export const printLabel = ({ class: own, jurisdiction, through }: Label): string => `${own} ${jurisdiction ?? "?"}${through === undefined ? "" : ` ${printOnEvent(through)}`}`;

function* eventsOf({ header, bytes }: BatchRun, integrity: Integrity): Generator<StoredEvent> {
  for (const record of runRecords(bytes, header, integrity).records) {
    const event = record && eventIn(record);
    if (event !== undefined) yield event;
  }
}

/**
 * The same of what this node wrote, without reading all of it: the attributes stand before the data, in the order in which `createEvents` writes them,
 * and a quote within a text is escaped, so that the first that looks like one is it. Most records say what the one before them said, which is one
 * comparison. Whoever sends the run has checked its hash.
 */
function* ownAttributes({ header, bytes }: BatchRun): Generator<Pick<StoredEvent, "class" | "jurisdiction" | "through">> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = singleBytes.decode(bytes.subarray(header.headerBytes, header.lengthBytes));
  const lengths = header.headerBytes - 8 * header.count;
  const seen = new Set<string>();
  let last = "";
  for (let index = 0, start = 0; index < header.count; index++) {
    const next = start + view.getUint32(lengths + 4 * index, true);
    const from = text.indexOf(classKey, start);
    start = next;
    if (last !== "" && text.slice(from, from + last.length) === last) continue;
    last = from < 0 ? "" : labelAt(text, from, next);
    if (seen.has(last)) continue;
    seen.add(last);
    const dataClass = dataClassSchema.options.find((name) => name === attribute(last, classKey));
    const jurisdiction = attribute(last, jurisdictionKey);
    if (dataClass !== undefined && jurisdiction !== undefined) yield { class: dataClass, jurisdiction, through: attribute(last, throughKey) };
  }
}

/** From the class through where it was born, and what it went through if that stands there, and on to where the next attribute is known from that; empty where the record has none. */
function labelAt(text: string, from: number, next: number): string {
  const born = text.indexOf(jurisdictionKey, from);
  const end = text.indexOf('"', born + jurisdictionKey.length) + 1;
  if (born < 0 || end <= 0 || end > next) return "";
  const throughEnd = text.startsWith(throughKey, end) ? text.indexOf('"', end + throughKey.length) + 1 : end;
  return text.slice(from, throughEnd + nextKeyBytes);
}

/** Without its first letters, which are frequent: the search stops at each. */
const classKey = 'lass":"';
const jurisdictionKey = ',"jurisdiction":"';
const throughKey = ',"through":"';
const nextKeyBytes = 8;

function attribute(label: string, name: string): string | undefined {
  const at = label.indexOf(name);
  return at < 0 ? undefined : label.slice(at + name.length, label.indexOf('"', at + name.length));
}
/** A character for each byte, so that lengths in bytes hold; what is looked for is ASCII. */
const singleBytes = new TextDecoder("latin1");

/** Others wrote it: what is no event tells nothing. */
function eventIn(record: Uint8Array): StoredEvent | undefined {
  try {
    return parseStoredEvent(record, "");
  } catch {
    return undefined;
  }
}
