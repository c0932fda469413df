/** What the documents of this node, and of those below it, say of something. Only one that has changed is read anew; one that cannot be read hides nobody else. */
import { toHolonError } from "@holon/core/errors.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { Trace } from "@holon/core/ports.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { parseDesired } from "./documents.ts";

export interface DocumentIndex<Row> {
  /** A document has changed. */
  changed(): void;
  rows(): readonly Row[];
}

const prefix = "desired/";

/** `unread`: what becomes of a node whose document cannot be read, for people. */
export function createDocumentIndex<Row>(log: Pick<Log, "cells">, trace: Trace, { rowsOf, unread }: { rowsOf(node: string, desired: Desired): readonly Row[]; unread(node: string): string }): DocumentIndex<Row> {
  /** By cell; a changed one is other bytes. */
  let cells: ReadonlyMap<string, { readonly bytes: Uint8Array; readonly rows: readonly Row[] }> = new Map();
  let known: readonly Row[] | undefined;

  function readOne(key: string, bytes: Uint8Array): readonly Row[] {
    const node = key.slice(prefix.length);
    try {
      return rowsOf(node, parseDesired(bytes, node));
    } catch (error) {
      const { code, message } = toHolonError(error);
      trace.note("warn", `${unread(node)}: ${message}`, { code });
      return [];
    }
  }

  function read(): readonly Row[] {
    cells = new Map([...log.cells(prefix)].map(([key, bytes]) => {
      const before = cells.get(key);
      return [key, before?.bytes === bytes ? before : { bytes, rows: readOne(key, bytes) }] as const;
    }));
    return [...cells.values()].flatMap(({ rows }) => rows);
  }

  return { changed: () => (known = undefined), rows: () => (known ??= read()) };
}
