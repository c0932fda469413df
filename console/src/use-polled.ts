/** Asks again and again while somebody looks; keeps what was last known, with when that was, and what went wrong since. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiProblem, get } from "./api.ts";
import { repeat } from "./repeat.ts";

export interface Polled<T> {
  readonly value: T | undefined;
  /** When it came, as `Date.now()` says. */
  readonly asOfMs: number | undefined;
  readonly problem: ApiProblem | undefined;
  /** Asks at once. */
  again(): void;
}

/** Nothing is asked where the path is undefined. */
export function usePolled<T>(path: string | undefined, everyMs: number): Polled<T> {
  const [state, setState] = useState<Omit<Polled<T>, "again"> & { readonly path: string | undefined }>({ path, value: undefined, asOfMs: undefined, problem: undefined });
  const wake = useRef<() => void>(() => undefined);
  useEffect(() => {
    if (path === undefined) return;
    const repeated = repeat(
      async (ended) => {
        const value = await get<T>(path, ended);
        setState({ path, value, asOfMs: Date.now(), problem: undefined });
        return everyMs;
      },
      (error) => setState((before) => ({ path, value: before.path === path ? before.value : undefined, asOfMs: before.path === path ? before.asOfMs : undefined, problem: asProblem(error) })),
      everyMs,
    );
    wake.current = repeated.again;
    return repeated.end;
  }, [path, everyMs]);
  const known = state.path === path ? state : { value: undefined, asOfMs: undefined, problem: undefined };
  return { value: known.value, asOfMs: known.asOfMs, problem: known.problem, again: () => wake.current() };
}

export const asProblem = (error: unknown): ApiProblem => (error instanceof ApiProblem ? error : new ApiProblem("HOLON_INTERNAL", error instanceof Error ? error.message : String(error), ""));
