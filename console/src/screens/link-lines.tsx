/** Lines between cards, wherever the page's layout has put them. What they say is said in words on the cards too. */
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

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
  readonly middle: readonly [number, number];
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
  const boxes = new Map([...frame.querySelectorAll("[data-node]")].map((card) => [card.getAttribute("data-node") ?? "", card.getBoundingClientRect()]));
  const drawn = lines.flatMap((line) => {
    const [from, to] = [boxes.get(line.from), boxes.get(line.to)];
    return from === undefined || to === undefined ? [] : [{ ...line, ...curve(from, to, origin) }];
  });
  return { width: frame.scrollWidth, height: frame.scrollHeight, drawn };
}

/** From the side of one card to that of the other; where they stand above each other, from edge to edge. */
function curve(from: DOMRect, to: DOMRect, origin: DOMRect): Pick<Drawn, "path" | "middle"> {
  const isBeside = to.left >= from.right || from.left >= to.right;
  const [x1, y1] = isBeside ? [to.left >= from.right ? from.right : from.left, from.top + from.height / 2] : [from.left + from.width / 2, to.top >= from.bottom ? from.bottom : from.top];
  const [x2, y2] = isBeside ? [to.left >= from.right ? to.left : to.right, to.top + to.height / 2] : [to.left + to.width / 2, to.top >= from.bottom ? to.top : to.bottom];
  const [a, b, c, d] = [x1 - origin.left, y1 - origin.top, x2 - origin.left, y2 - origin.top];
  const [mx, my] = [(a + c) / 2, (b + d) / 2];
  const path = isBeside ? `M${a},${b}C${mx},${b} ${mx},${d} ${c},${d}` : `M${a},${b}C${a},${my} ${c},${my} ${c},${d}`;
  return { path, middle: [mx, my] };
}
