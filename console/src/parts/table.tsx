/** A plain table, for what has few rows. */
import type { ComponentChildren } from "preact";
import { words } from "../strings.ts";

interface TableProps {
  readonly label: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly key: string; readonly cells: readonly ComponentChildren[] }[];
  /** Columns of figures, by place. */
  readonly figures?: readonly number[];
  /** Columns of sentences: on a phone the table scrolls before these become towers of single words. */
  readonly prose?: readonly number[];
}

export function Table({ label, columns, rows, figures = [], prose = [] }: TableProps) {
  const kind = (place: number): string => (figures.includes(place) ? "figure" : prose.includes(place) ? "prose" : "");
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label={`${label}, ${words.fleet.table}`}>
      <table>
        <thead>
          <tr>{columns.map((column, place) => <th key={column} scope="col" class={kind(place)}>{column}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells }) => (
            <tr key={key}>{cells.map((cell, place) => <td key={columns[place] ?? place} class={kind(place)} data-label={columns[place]}>{cell}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
