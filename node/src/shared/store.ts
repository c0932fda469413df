/**
 * What this node shares, on its disk as cells: changed by its own functions, merged with what others did.
 *
 * All changes go one after the other, and memory follows the disk: an append that failed has changed nothing, so a batch that is run again
 * counts once.
 */
import { HolonError } from "@holon/core/errors.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import type { CellChange } from "@holon/core/log/log.ts";
import type { Clock } from "@holon/core/ports.ts";
import { moreSensitive } from "@holon/core/policy/lowering.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { dataClassSchema, type DataClass } from "@holon/core/schema/event.ts";
import { parseSharedKey, printSharedKey, slotOf, type SharedKey } from "@holon/core/shared/key.ts";
import { applyOperation, kindOfOperation, type SharedOperation, type Writer } from "@holon/core/shared/operation.ts";
import { parseShared, printShared, type mergeShared, type SharedState } from "@holon/core/shared/state.ts";
import { createTurns } from "@holon/core/turns.ts";
import { z } from "zod";
import type { SegmentLog } from "../log/segment-log.ts";

export interface SharedEntry {
  readonly id: string;
  readonly key: SharedKey;
  readonly class: DataClass;
  readonly state: SharedState;
  readonly text: string;
  /** Rises over all entries of this opening, with each change. */
  readonly change: number;
}

/** An entry as another node sends it. */
export interface IncomingEntry {
  readonly id: string;
  readonly class: DataClass;
  readonly text: string;
}

export type SharingApp = Pick<AppDocument, "name" | "shared">;

export interface SharedStore {
  /** Number of the last change. */
  readonly changes: number;
  readonly bytes: number;
  entry(id: string): SharedEntry | undefined;
  /** In the order of their last change; of one app, or all. */
  entries(app?: string): readonly SharedEntry[];
  /** Number of the last change of an app. */
  lastChange(app: string): number;
  /**
   * Does the operations, all or none; `append` writes the cells together with whatever belongs to them. `told`: the class that what is put there gets, of the one that is declared.
   * `HOLON_SHARED_BAD`, `HOLON_SHARED_FULL`.
   */
  apply(app: SharingApp, operations: readonly SharedOperation[], append?: (cells: readonly CellChange[]) => Promise<unknown>, told?: (declared: DataClass) => DataClass): Promise<void>;
  /** Resolves when what is new of it is on disk. */
  merge(entries: readonly IncomingEntry[]): Promise<void>;
}

export interface SharedStoreOptions {
  readonly log: Pick<SegmentLog, "origin" | "epoch" | "cells" | "append">;
  readonly clock: Pick<Clock, "wall">;
  readonly merge: typeof mergeShared;
  /** Called when something has changed. */
  changed(): void;
}

interface Draft {
  readonly key: SharedKey;
  readonly class: DataClass;
  readonly state: SharedState;
  readonly text: string;
}

const prefix = "shared/";
/** Before this, whatever the clock says of itself, it is wrong: 2024-01-01T00:00:00Z. */
const floorMs = 1_704_067_200_000;
const cellSchema = z.tuple([dataClassSchema, z.string()]);
const encoder = new TextEncoder();

export function openSharedStore({ log, clock, merge, changed }: SharedStoreOptions): SharedStore {
  const slot = slotOf(log.origin, log.epoch);
  const entries = new Map<string, SharedEntry>();
  const lastChanges = new Map<string, number>();
  let changes = 0;
  let bytes = 0;
  const inTurn = createTurns();

  for (const [cell, value] of log.cells(prefix)) {
    const id = cell.slice(prefix.length);
    const key = parseSharedKey(id);
    if (key === undefined) throw new HolonError("HOLON_LOG_FORMAT", `the cell ${cell} names nothing that is shared`);
    const [dataClass, text] = cellSchema.parse(parseJson(value));
    keep(id, { key, class: dataClass, state: parseShared(key.kind, text), text });
  }

  /** Entered anew, so that the order is that of the last change. */
  function keep(id: string, draft: Draft): void {
    bytes += sizeOf(id, draft.text) - sizeOf(id, entries.get(id)?.text);
    entries.delete(id);
    entries.set(id, { id, ...draft, change: ++changes });
    lastChanges.set(draft.key.app, changes);
  }

  /** Writes what differs from what is held, then holds it. */
  async function write(drafts: ReadonlyMap<string, Draft>, bytesMax: number, append: (cells: readonly CellChange[]) => Promise<unknown>): Promise<void> {
    const news = [...drafts].filter(([id, draft]) => entries.get(id)?.text !== draft.text || entries.get(id)?.class !== draft.class);
    const grown = news.reduce((sum, [id, { text }]) => sum + sizeOf(id, text) - sizeOf(id, entries.get(id)?.text), 0);
    if (grown > 0 && bytes + grown > bytesMax) throw new HolonError("HOLON_SHARED_FULL", `${log.origin} would share ${bytes + grown} bytes; the limit is ${bytesMax}`);
    await append(news.map(([id, draft]) => ({ key: `${prefix}${id}`, value: encoder.encode(JSON.stringify([draft.class, draft.text])) })));
    for (const [id, draft] of news) keep(id, draft);
    if (news.length > 0) changed();
  }

  function writer(): Writer {
    const { ms, state } = clock.wall();
    return { slot, nowMs: state === "synced" && ms >= floorMs ? ms : undefined };
  }

  function draftsOf(app: SharingApp, operations: readonly SharedOperation[], told: (declared: DataClass) => DataClass): ReadonlyMap<string, Draft> {
    const drafts = new Map<string, Draft>();
    const by = writer();
    for (const operation of operations) {
      const { name } = operation;
      const kind = kindOfOperation[operation.op];
      const declared = app.shared?.find((one) => one.name === name);
      if (declared?.kind !== kind) throw new HolonError("HOLON_SHARED_BAD", `app ${app.name} declares no shared ${kind} ${name}`);
      const key = { app: app.name, kind, name, key: operation.key };
      const id = printSharedKey(key);
      const held = entries.get(id);
      const state = applyOperation((drafts.get(id) ?? held)?.state, operation, by);
      const own = told(declared.class);
      drafts.set(id, { key, class: held === undefined ? own : moreSensitive(held.class, own), state, text: "" });
    }
    return new Map([...drafts].map(([id, draft]) => [id, { ...draft, text: boundedText(id, draft.state) }]));
  }

  function boundedText(id: string, state: SharedState): string {
    const text = printShared(state);
    if (text.length > limits.sharedKeyBytesMax && text.length > (entries.get(id)?.text.length ?? 0)) {
      throw new HolonError("HOLON_SHARED_FULL", `shared ${id} would have ${text.length} bytes; the limit is ${limits.sharedKeyBytesMax}`);
    }
    return text;
  }

  function merged({ id, class: dataClass, text }: IncomingEntry, held: Draft | undefined): Draft {
    const key = parseSharedKey(id);
    if (key === undefined) throw new HolonError("HOLON_SHARED_BAD", "another node sent shared state under a name that is none");
    const incoming = parseShared(key.kind, text);
    const state = held === undefined ? incoming : merge(held.state, incoming);
    return { key, class: held === undefined ? dataClass : moreSensitive(held.class, dataClass), state, text: printShared(state) };
  }

  return {
    get changes() {
      return changes;
    },
    get bytes() {
      return bytes;
    },
    entry: (id) => entries.get(id),
    entries: (app) => [...entries.values()].filter(({ key }) => app === undefined || key.app === app),
    lastChange: (app) => lastChanges.get(app) ?? 0,
    apply: (app, operations, append = (cells) => log.append({ cells }), told = (declared) => declared) => inTurn(async () => write(draftsOf(app, operations, told), limits.sharedOwnBytesMax, append)),
    merge: (incoming) => inTurn(async () => {
      const drafts = new Map<string, Draft>();
      for (const entry of incoming) if (entries.get(entry.id)?.text !== entry.text || entries.get(entry.id)?.class !== entry.class) drafts.set(entry.id, merged(entry, drafts.get(entry.id) ?? entries.get(entry.id)));
      await write(drafts, limits.sharedBytesMax, (cells) => (cells.length === 0 ? Promise.resolve() : log.append({ cells })));
    }),
  };
}

const sizeOf = (id: string, text: string | undefined): number => (text === undefined ? 0 : id.length + text.length);
