/** Tells at once whose links from below have opened or ended: what nobody above could see for itself. Changes of one moment are one record. */
import { limits } from "@holon/core/limits.ts";
import type { CellChange, Log, NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";

export const linkNewsType = "holon.link.children";
export const linkNewsSchema = z.object({ links: z.array(z.object({ node: z.string().max(63), up: z.boolean(), atMs: z.number() })).max(limits.connectionsMax), clocks: z.array(z.object({ node: z.string().max(63), offMs: z.number(), epoch: z.string().max(13).optional() })).max(limits.connectionsMax).optional() });
export type LinkNews = z.infer<typeof linkNewsSchema>["links"][number];
/** `hasLeft`: it hangs on another node now, and nobody waits for it here. */
export type OwnLinkNews = LinkNews & { readonly hasLeft?: boolean };

export interface LinkNewsWriter {
  /** Who is connected now; `beside`: siblings that are, and hang on a parent of their own. One that went this way for a while and does so no more is missed by nobody here. */
  changed(connected: readonly string[], beside?: readonly string[]): void;
  /** Who has been connected since this start, at any time: of them this start tells by itself. */
  seen(): ReadonlySet<string>;
  close(): void;
}

const childPrefix = "telemetry/child/";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const childKey = (node: string): string => `${childPrefix}${node}`;
export const childCell = ({ node, up, atMs }: LinkNews): CellChange => ({ key: childKey(node), value: encoder.encode(up ? String(atMs) : `${atMs} lost`) });

/** Of one that hangs on another node since then. */
export const leftCell = (node: string, atMs: number): CellChange => ({ key: childKey(node), value: encoder.encode(`${Math.round(atMs)} left`) });

const cellsIn = (log: Pick<Log, "cells">): readonly { readonly node: string; readonly atMs: number; readonly how: string | undefined }[] =>
  [...log.cells(childPrefix)].map(([key, value]) => {
    const [at, how] = decoder.decode(value).split(" ");
    return { node: key.slice(childPrefix.length), atMs: Number(at), how };
  });

/** Who was ever connected from below, and when that changed last: who does not come back after a start is missed. */
const childrenIn = (log: Pick<Log, "cells">): readonly LinkNews[] => cellsIn(log).flatMap(({ node, atMs, how }) => (how === "left" ? [] : [{ node, up: how === undefined, atMs }]));

/** Who hangs on another node, and since when. */
export const leftIn = (log: Pick<Log, "cells">): readonly { readonly node: string; readonly atMs: number }[] => cellsIn(log).flatMap(({ node, atMs, how }) => (how === "left" ? [{ node, atMs }] : []));

/** When its link to this node ended, where it has. */
export function lostAt(log: Pick<Log, "cell">, node: string): number | undefined {
  const cell = log.cell(childKey(node));
  const [at, lost] = cell === undefined ? [] : decoder.decode(cell).split(" ");
  return lost === undefined ? undefined : Number(at);
}

/** After a start: who was connected when it ended is missed since then, and who was lost before, since that. `back`: who has come meanwhile is missed by nobody. */
export const missedAfter = (log: Pick<Log, "cells">, endedMs: number, back: ReadonlySet<string> = new Set()): readonly LinkNews[] => childrenIn(log).filter(({ node }) => !back.has(node)).map(({ node, up, atMs }) => ({ node, up: false, atMs: up ? Math.max(atMs, endedMs) : atMs }));

/** So that a record of a storm fits. */
const linksOfRecord = 512;

export function createLinkNews(options: { readonly clock: Clock; readonly events: Events; heardMs(node: string): number | undefined; append(records: readonly NewRecord[], cells: readonly CellChange[]): void; told(news: readonly OwnLinkNews[]): void }): LinkNewsWriter {
  const { clock, events } = options;
  const news = new Map<string, OwnLinkNews>();
  let before: ReadonlySet<string> = new Set();
  const seen = new Set<string>();
  let timer: Timer | undefined;
  let closed = false;

  /** Who was given up for silence was lost when it was heard last: that a cable was pulled is noticed only later. */
  function lostMs(node: string, nowMs: number): number {
    const heardMs = options.heardMs(node);
    return heardMs === undefined ? nowMs : nowMs - (clock.monotonicMs() - heardMs);
  }

  function tell(): void {
    timer = undefined;
    const links = [...news.values()];
    news.clear();
    if (closed || links.length === 0) return;
    const parts = Array.from({ length: Math.ceil(links.length / linksOfRecord) }, (_, index) => links.slice(index * linksOfRecord, (index + 1) * linksOfRecord));
    const records = parts.map((part) => events.record({ stream: "telemetry", type: linkNewsType, class: "public", producer: "link", data: { links: part.map(({ node, up, atMs }) => ({ node, up, atMs })) } }));
    options.append(records, links.map((one) => (one.hasLeft === true ? leftCell(one.node, one.atMs) : childCell(one))));
  }

  return {
    changed(connected, beside = []) {
      const now = new Set(connected);
      const others = new Set(beside);
      const atMs = clock.wall().ms;
      const changes = [...[...now].filter((node) => !before.has(node)).map((node) => ({ node, up: true, atMs })), ...[...before].filter((node) => !now.has(node)).map((node) => (others.has(node) ? { node, up: false, atMs, hasLeft: true } : { node, up: false, atMs: lostMs(node, atMs) }))];
      before = now;
      for (const node of now) seen.add(node);
      if (changes.length === 0 || closed) return;
      for (const change of changes) news.set(change.node, change);
      options.told(changes);
      timer ??= clock.after(limits.telemetryLinkNewsMs, tell);
    },
    seen: () => seen,
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
