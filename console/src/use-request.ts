/** What a node is asked to do, from this page: done once, now or when it is there again. This page waits for half a minute, and for as long as the work itself takes. */
import { useState } from "preact/hooks";
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
        const result = await resultOf(id, takesMs);
        if (result !== null) return result;
        setWaits(id);
      } catch (error) {
        setProblem(asProblem(error));
      } finally {
        setBusy(undefined);
      }
      return undefined;
    },
  };
}

async function resultOf(id: string, takesMs: number): Promise<unknown> {
  for (let left = Math.ceil((patienceMs + takesMs) / waitMs); left > 0; left--) {
    const { result } = await get<Answered>(`/v1/requests/${id}/result?waitMs=${waitMs}`);
    if (result !== null) return result;
  }
  return null;
}
