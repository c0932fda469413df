/** Asks again and again while somebody looks, slower while nobody answers; never twice at a time. */
const slowerMax = 8;

export interface Repeated {
  /** Asks at once. */
  again(): void;
  end(): void;
}

/** `step` says how long to wait until the next time; `failed` hears what went wrong, as long as it was not ended. */
export function repeat(step: (ended: AbortSignal) => Promise<number>, failed: (error: unknown) => void, firstMs: number): Repeated {
  const ended = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let everyMs = firstMs;
  let busy = false;
  const ask = async (): Promise<void> => {
    clearTimeout(timer);
    if (busy || document.hidden) return;
    busy = true;
    try {
      everyMs = await step(ended.signal);
      failures = 0;
    } catch (error) {
      if (ended.signal.aborted) return;
      failures += 1;
      failed(error);
    } finally {
      busy = false;
    }
    if (!ended.signal.aborted) timer = setTimeout(again, everyMs * Math.min(slowerMax, 1 + failures));
  };
  const again = (): void => void ask();
  document.addEventListener("visibilitychange", again);
  again();
  return {
    again,
    end() {
      ended.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", again);
    },
  };
}
