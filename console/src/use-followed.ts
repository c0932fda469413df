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
    let heardMs = 0;
    const heard = (): void => void (heardMs = Date.now());
    // While the line was open nothing had changed: what is shown was true until it was heard last.
    const broken = (before: Followed<T>, problem: ApiProblem | undefined): Followed<T> => ({ ...before, isLive: false, asOfMs: before.isLive ? heardMs : before.asOfMs, problem });
    const repeated = repeat(
      async (ended) => {
        for await (const value of follow<T>(path, ended, { heard })) setState({ value, isLive: true, asOfMs: Date.now(), problem: undefined });
        setState((before) => broken(before, undefined));
        return againMs;
      },
      (error) => setState((before) => broken(before, asProblem(error))),
      againMs,
    );
    return repeated.end;
  }, [path]);
  return state;
}
