/** What a node is asked to do, from this page: done once, now or when it is there again. After a few seconds it is told that it waits; after half a minute, and as long as the work itself takes, something else may be asked. What comes of it is shown for as long as this page is open. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Wanted } from "@holon/core/diagnosis/ask.ts";
import { get, send, type ApiProblem } from "./api.ts";
import { asProblem } from "./use-polled.ts";

const waitMs = 5_000;
const patienceMs = 30_000;

interface Answered {
  readonly result: unknown;
}

export interface NodeRequest {
  readonly busy: Wanted["kind"] | undefined;
  readonly problem: ApiProblem | undefined;
  /** The request that waits on, for a node that has not answered. */
  readonly waits: string | undefined;
  /** What came of it; undefined where nothing did, which `problem` or `waits` tells. `takesMs`: of the work itself. */
  ask(wanted: Wanted, takesMs?: number): Promise<unknown>;
}

export function useRequest(name: string): NodeRequest {
  const [busy, setBusy] = useState<Wanted["kind"]>();
  const [problem, setProblem] = useState<ApiProblem>();
  const [waits, setWaits] = useState<string>();
  const left = useRef(new AbortController());
  useEffect(() => () => left.current.abort(), []);
  return {
    busy,
    problem,
    waits,
    async ask(wanted, takesMs = 0) {
      setBusy(wanted.kind);
      setProblem(undefined);
      setWaits(undefined);
      try {
        const { id } = await send<{ readonly id: string }>("POST", `/v1/nodes/${encodeURIComponent(name)}/requests`, { wanted });
        const patience = setTimeout(() => setBusy(undefined), patienceMs + takesMs);
        const doneMs = performance.now() + takesMs;
        const result = await resultOf(id, left.current.signal, () => performance.now() > doneMs && setWaits(id)).finally(() => clearTimeout(patience));
        setWaits((other) => (other === id ? undefined : other));
        return result;
      } catch (error) {
        setProblem(asProblem(error));
      } finally {
        setBusy(undefined);
      }
      return undefined;
    },
  };
}

async function resultOf(id: string, left: AbortSignal, waits: () => void): Promise<unknown> {
  for (;;) {
    const { result } = await get<Answered>(`/v1/requests/${id}/result?waitMs=${waitMs}`, left);
    if (result !== null) return result;
    waits();
  }
}
