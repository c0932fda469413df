/** Lines between cards, wherever the page's layout has put them. What they say is said in words on the cards too. */
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { routeLinks, type Box, type Point } from "../link-route.ts";

export interface Line {
  readonly from: string;
  readonly to: string;
  /** `away`: nothing is expected to be connected there. */
  readonly state: "open" | "cut" | "away" | "unknown";
  /** Grows with what flows. */
  readonly weight: number;
}

interface Drawn extends Line {
  readonly path: string;
  readonly middle: Point;
}

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly drawn: readonly Drawn[];
}

export function LinkLines({ place, lines }: { readonly place: RefObject<HTMLDivElement | null>; readonly lines: readonly Line[] }) {
  const [layout, setLayout] = useState<Layout>({ width: 0, height: 0, drawn: [] });
  const key = lines.map(({ from, to, state }) => `${from} ${to} ${state}`).join();
  useLayoutEffect(() => {
    const { current } = place;
    if (current === null) return;
    const look = (): void => setLayout(measure(current, lines));
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(current);
    for (const child of current.children) watcher.observe(child);
    return () => watcher.disconnect();
  }, [key]);
  const weights = new Map(lines.map(({ from, weight }) => [from, weight]));
  return (
    <svg class="link-lines" aria-hidden="true" width={layout.width} height={layout.height} viewBox={`0 0 ${layout.width} ${layout.height}`}>
      {layout.drawn.map(({ from, to, state, path, middle: [x, y] }) => (
        <g key={`${from} ${to}`} class={`line ${state}`} data-link={from}>
          <path d={path} stroke-width={1.5 + 0.6 * (weights.get(from) ?? 0)} />
          {state === "open" && (weights.get(from) ?? 0) > 0 && <path d={path} class="flowing" />}
          {state === "cut" && <path class="cross" d={`M${x - 6},${y - 6}l12,12m0,-12l-12,12`} />}
        </g>
      ))}
    </svg>
  );
}

function measure(frame: HTMLElement, lines: readonly Line[]): Layout {
  const origin = frame.getBoundingClientRect();
  const boxOf = (part: Element): Box => {
    const { left, top, right, bottom } = part.getBoundingClientRect();
    const [x, y] = [frame.scrollLeft - origin.left, frame.scrollTop - origin.top];
    return { left: left + x, top: top + y, right: right + x, bottom: bottom + y };
  };
  const nameOf = (card: Element): string => card.getAttribute("data-node") ?? "";
  const { scrollWidth: width, scrollHeight: height } = frame;
  const routes = routeLinks(lines, {
    width,
    height,
    cards: new Map([...frame.querySelectorAll("[data-node]")].map((card) => [nameOf(card), boxOf(card)])),
    sites: [...frame.querySelectorAll(".site-box")].map((site) => ({ box: boxOf(site), nodes: new Set([...site.querySelectorAll("[data-node]")].map(nameOf)) })),
    texts: [...frame.querySelectorAll(".site-box > header > *, .tier-word")].map(boxOf),
  });
  const drawn = lines.flatMap((line, index) => {
    const route = routes[index];
    return route === undefined ? [] : [{ ...line, path: route.path, middle: route.middle }];
  });
  // What is cut is seen whatever runs across it.
  return { width, height, drawn: drawn.toSorted((one, other) => Number(one.state === "cut") - Number(other.state === "cut")) };
}
