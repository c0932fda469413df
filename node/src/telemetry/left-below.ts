/**
 * Who hung on this node and does not any more: who was revoked, by the fleet's signed list, and who is connected to another node. Nobody waits for them here, and no start of this node
 * makes them missed again. Who comes back, invited anew, is one of its nodes again.
 */
import { parseJson } from "@holon/core/link/frame.ts";
import { revocationListSchema } from "@holon/core/identity/messages.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import type { Clock, Identity } from "@holon/core/ports.ts";
import type { FleetView } from "@holon/core/telemetry/fleet-view.ts";
import { childKey, lostAt } from "./link-news.ts";

export interface LeftBelow {
  /** Reads the list where it is newer. Costs nothing where it is not. */
  look(): void;
  /** Who is connected from below. */
  connected(nodes: readonly string[]): void;
  /** By the word of its parent, by the clock here. */
  linked(node: string, up: boolean, atMs: number): void;
}

export interface LeftBelowOptions {
  /** Control tells itself who is revoked, and since when. */
  readonly isRoot: boolean;
  readonly log: Pick<Log, "cell">;
  readonly view: Pick<FleetView, "nodes" | "revoked" | "readmitted">;
  readonly identity: Pick<Identity, "revocations" | "revocationsVersion"> | undefined;
  readonly clock: Pick<Clock, "wall">;
  append(cells: readonly CellChange[]): void;
}

const encoder = new TextEncoder();

export function createLeftBelow({ isRoot, log, view, identity, clock, append }: LeftBelowOptions): LeftBelow {
  let version: number | undefined;
  let here: ReadonlySet<string> = new Set();
  const revoked = new Set<string>();

  function read(isFirst: boolean): void {
    const signed = identity?.revocations();
    const list = signed === undefined ? undefined : revocationListSchema.safeParse(parseJson(encoder.encode(signed.list)));
    const known = new Set(view.nodes());
    for (const { node } of list?.data?.revoked ?? []) {
      // One that was connected since is here under a later certificate.
      if (revoked.has(node) || !known.has(node) || here.has(node) || (isFirst && log.cell(childKey(node)) !== undefined)) continue;
      revoked.add(node);
      view.revoked(node, clock.wall().ms); // it does not say since when
    }
  }

  function readmit(node: string): void {
    if (!isRoot && revoked.delete(node)) view.readmitted(node);
  }

  return {
    look() {
      if (isRoot || identity === undefined) return;
      const newest = identity.revocationsVersion();
      if (newest !== version) read(version === undefined);
      version = newest;
      const cells = [...revoked].map(childKey).filter((key) => log.cell(key) !== undefined);
      if (cells.length > 0) append(cells.map((key) => ({ key, value: null })));
    },
    connected(nodes) {
      here = new Set(nodes);
      for (const node of nodes) readmit(node);
    },
    linked(node, up, atMs) {
      if (!up || here.has(node)) return;
      readmit(node);
      const lostMs = lostAt(log, node);
      if (lostMs !== undefined && lostMs <= atMs) append([{ key: childKey(node), value: null }]);
    },
  };
}
