/** What the nodes of a small fleet say of themselves, asked one after the other over their links. A large fleet is not asked for all of it: the answers would crowd its links. */
import { useEffect, useState } from "preact/hooks";
import { get } from "./api.ts";
import type { Fleet } from "./fleet.ts";
import type { NodeStatus } from "./island.ts";
import { servedByControl } from "./session.ts";

export interface MeterRow {
  readonly app: string;
  readonly function: string;
  readonly invocations: number;
  readonly processorMs: number;
  readonly inferences: Readonly<Record<string, number>>;
  readonly bytesIn: number;
  readonly bytesUp: number;
  readonly joules: number;
  readonly money?: { readonly amount: number; readonly currency: string };
}

export interface NodeAnswer {
  readonly status: NodeStatus;
  readonly meter: readonly MeterRow[];
}

interface Answers {
  /** What each told last since somebody looks. */
  readonly answers: readonly NodeAnswer[];
  /** Of those, who does not answer now. */
  readonly old: readonly string[];
  /** How many were asked; undefined where they are too many. */
  readonly asked: number | undefined;
  readonly asOfMs: number | undefined;
}

const askedMax = 24;

export function useNodesAnswers(fleet: Fleet, everyMs: number, site?: string): Answers {
  const [state, setState] = useState<Omit<Answers, "asked">>({ answers: [], old: [], asOfMs: undefined });
  const names = servedByControl() ? [...fleet.nodes.values()].filter((node) => site === undefined || node.site === site).map(({ name }) => name) : [fleet.self ?? ""].filter((name) => name !== "");
  const key = names.length > askedMax ? "" : names.toSorted().join();
  useEffect(() => {
    if (key === "") return;
    const last = new Map<string, NodeAnswer>();
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const round = async (): Promise<void> => {
      if (!document.hidden) {
        const told = await Promise.all(key.split(",").map(async (name) => [name, await answerOf(name).catch(() => undefined)] as const)); // who is not in reach is counted as such
        for (const [name, answer] of told) if (answer !== undefined) last.set(name, answer);
        const old = told.flatMap(([name, answer]) => (answer === undefined && last.has(name) ? [name] : []));
        if (!ended) setState({ answers: told.flatMap(([name]) => last.get(name) ?? []), old, asOfMs: Date.now() });
      }
      if (!ended) timer = setTimeout(() => void round(), everyMs);
    };
    void round();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [key, everyMs]);
  return { ...state, asked: key === "" ? undefined : names.length };
}

async function answerOf(name: string): Promise<NodeAnswer> {
  if (servedByControl()) return get<NodeAnswer>(`/v1/nodes/${encodeURIComponent(name)}/status`);
  const [status, { functions }] = await Promise.all([get<NodeStatus>("/v1/status"), get<{ readonly functions: readonly MeterRow[] }>("/v1/meter")]);
  return { status, meter: functions };
}
