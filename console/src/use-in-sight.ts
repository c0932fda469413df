/** What of a frame that scrolls is in sight, as often as that changes. */
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** `look` is told of the frame and answers what is shown of it; the same answer as before changes nothing. */
export function useInSight<View extends object>(first: View, look: (frame: HTMLDivElement) => View, ...depends: readonly unknown[]): readonly [RefObject<HTMLDivElement | null>, View] {
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState(first);
  useEffect(() => {
    const { current } = frame;
    if (current === null) return;
    const see = (): void => setView((before) => {
      const now = look(current);
      return JSON.stringify(now) === JSON.stringify(before) ? before : now;
    });
    see();
    current.addEventListener("scroll", see, { passive: true });
    const watcher = new ResizeObserver(see);
    watcher.observe(current);
    return () => {
      current.removeEventListener("scroll", see);
      watcher.disconnect();
    };
  }, depends);
  return [frame, view];
}
