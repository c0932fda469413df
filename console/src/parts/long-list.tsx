/** A list of any length: only what is in sight stands in the document. Rows are of one height, so that their places are known without measuring. */
import type { ComponentChildren } from "preact";
import { useInSight } from "../use-in-sight.ts";

interface LongListProps<T> {
  readonly label: string;
  readonly items: readonly T[];
  readonly rowPixels: number;
  readonly head?: ComponentChildren;
  readonly columns?: number;
  keyOf(item: T): string;
  row(item: T, index: number): ComponentChildren;
}

const beyond = 8;

export function LongList<T>({ label, items, rowPixels, head, columns, keyOf, row }: LongListProps<T>) {
  const [frame, view] = useInSight({ from: 0, count: 40 }, ({ scrollTop, clientHeight }) => ({ from: Math.max(0, Math.floor(scrollTop / rowPixels) - beyond), count: Math.ceil(clientHeight / rowPixels) + 2 * beyond }), rowPixels);
  const from = Math.min(view.from, Math.max(0, items.length - view.count));
  const shown = items.slice(from, from + view.count);
  return (
    <div class="long-list" ref={frame} tabIndex={0} role="table" aria-label={label} aria-rowcount={items.length + 1} aria-colcount={columns}>
      {head !== undefined && <div role="rowgroup" class="long-head">{head}</div>}
      <div role="rowgroup" class="long-body" style={{ height: `${items.length * rowPixels}px` }}>
        {shown.map((item, index) => (
          <div key={keyOf(item)} role="row" aria-rowindex={from + index + 2} class="long-row" style={{ transform: `translateY(${(from + index) * rowPixels}px)`, height: `${rowPixels}px` }}>
            {row(item, from + index)}
          </div>
        ))}
      </div>
    </div>
  );
}
