/** Asks again and again while somebody looks; keeps what was last known, with when that was, and what went wrong since. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiProblem, get } from "./api.ts";

export interface Polled<T> {
  readonly value: T | undefined;
  /** When it came, as `Date.now()` says. */
  readonly asOfMs: number | undefined;
  readonly problem: ApiProblem | undefined;
  /** Asks at once. */
  again(): void;
}

const slowerMax = 8;

/** Nothing is asked where the path is undefined. */
export function usePolled<T>(path: string | undefined, everyMs: number): Polled<T> {
  const [state, setState] = useState<Omit<Polled<T>, "again"> & { readonly path: string | undefined }>({ path, value: undefined, asOfMs: undefined, problem: undefined });
  const wake = useRef<() => void>(() => undefined);
  useEffect(() => {
    if (path === undefined) return;
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let busy = false;
    const step = async (): Promise<void> => {
      clearTimeout(timer);
      if (busy || document.hidden) return;
      busy = true;
      try {
        const value = await get<T>(path, ended.signal);
        failures = 0;
        setState({ path, value, asOfMs: Date.now(), problem: undefined });
      } catch (error) {
        if (ended.signal.aborted) return;
        failures += 1;
        setState((before) => ({ path, value: before.path === path ? before.value : undefined, asOfMs: before.path === path ? before.asOfMs : undefined, problem: asProblem(error) }));
      } finally {
        busy = false;
      }
      if (!ended.signal.aborted) timer = setTimeout(() => void step(), everyMs * Math.min(slowerMax, 1 + failures));
    };
    const seen = (): void => void step();
    wake.current = seen;
    document.addEventListener("visibilitychange", seen);
    void step();
    return () => {
      ended.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [path, everyMs]);
  const known = state.path === path ? state : { value: undefined, asOfMs: undefined, problem: undefined };
  return { value: known.value, asOfMs: known.asOfMs, problem: known.problem, again: () => wake.current() };
}

export const asProblem = (error: unknown): ApiProblem => (error instanceof ApiProblem ? error : new ApiProblem("HOLON_INTERNAL", error instanceof Error ? error.message : String(error), ""));
