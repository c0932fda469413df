/** What an API tells as it changes: each line is the whole anew. Where the line breaks, what was last known stays, with when that was, and it is asked again. */
import { useEffect, useState } from "preact/hooks";
import type { ApiProblem } from "./api.ts";
import { follow } from "./api.ts";
import { repeat } from "./repeat.ts";
import { asProblem } from "./use-polled.ts";

export interface Followed<T> {
  readonly value: T | undefined;
  /** Whether the line is open now: then what is shown is as of now. */
  readonly isLive: boolean;
  readonly asOfMs: number | undefined;
  readonly problem: ApiProblem | undefined;
}

const againMs = 1_000;

export function useFollowed<T>(path: string): Followed<T> {
  const [state, setState] = useState<Followed<T>>({ value: undefined, isLive: false, asOfMs: undefined, problem: undefined });
  useEffect(() => {
    const repeated = repeat(
      async (ended) => {
        for await (const value of follow<T>(path, ended)) setState({ value, isLive: true, asOfMs: Date.now(), problem: undefined });
        setState((before) => ({ ...before, isLive: false }));
        return againMs;
      },
      (error) => setState((before) => ({ ...before, isLive: false, problem: asProblem(error) })),
      againMs,
    );
    return repeated.end;
  }, [path]);
  return state;
}
