import { age } from "../format.ts";
import { words } from "../strings.ts";
import { useNow } from "../use-now.ts";

/** When what is shown was true. Where the answer is late, it says so instead of looking fresh. */
export function AsOf({ ms, lateMs = 10_000 }: { readonly ms: number | undefined; readonly lateMs?: number }) {
  const now = useNow();
  if (ms === undefined) return <span class="as-of">{words.loading}</span>;
  const old = now - ms;
  if (old > lateMs) return <span class="as-of late" role="status">{words.notSince(age(old))}</span>;
  return <time class="as-of" dateTime={new Date(ms).toISOString()}>{old < 1_500 ? words.asOfNow : words.asOf(age(old))}</time>;
}
