/** How long to wait before a link is tried again: exponential with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015). */
export function backoffMs(attempt: number, bounds: { readonly firstMs: number; readonly maxMs: number }, uniform: number): number {
  const ceiling = Math.min(bounds.maxMs, bounds.firstMs * 2 ** Math.min(attempt, 30));
  return uniform * ceiling;
}
