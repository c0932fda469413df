/** A list that comes by pages: rows in the order of their keys, and a cursor behind the last of them that nobody but this file reads. */
import { z } from "zod";
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import { fromHex, toHex } from "../log/hex.ts";
import type { Route, RouteRequest } from "./route.ts";

const querySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(limits.apiPageMax).default(limits.apiPageMax),
  /** `next` of the page before. */
  cursor: z.string().min(1).max(limits.apiCursorCharactersMax).optional(),
});

export interface List<Row> {
  readonly path: string;
  readonly summary: string;
  /** What the rows are called in the answer. */
  readonly rows: string;
  readonly row: z.ZodType;
  /** By which rows are in order; no two have the same, and it stays as long as the row does. */
  keyOf(row: Row, index: number): string;
  all(request: RouteRequest): readonly Row[];
  /** What is shown of a row, where that costs: made for those of the page alone. */
  show?(row: Row): unknown;
}

/** `GET` of a list. Rows that come or go between two pages are on the pages behind the cursor or not: none that stays is skipped or told twice. */
export function listRoute<Row>({ path, summary, rows, row, keyOf, all, show = (one) => one }: List<Row>): Route {
  return {
    method: "GET",
    path,
    summary,
    query: querySchema,
    answer: z.object({ [rows]: z.array(row), next: z.string().nullable() }),
    handle(request) {
      const { limit, cursor } = querySchema.parse(request.query);
      const after = cursor === undefined ? undefined : readCursor(cursor, path);
      const found = firstByKey(all(request), keyOf, after, limit + 1);
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return Promise.resolve({ status: 200, body: { [rows]: page.map(({ one }) => show(one)), next: found.length > page.length && last !== undefined ? writeCursor(path, last.key) : null } });
    },
  };
}

interface Keyed<Row> {
  readonly key: string;
  readonly one: Row;
}

/** The first `count` behind a key, in order: of a long list most are passed over with one comparison. */
function firstByKey<Row>(rows: readonly Row[], keyOf: List<Row>["keyOf"], after: string | undefined, count: number): readonly Keyed<Row>[] {
  const first: Keyed<Row>[] = [];
  let bound: string | undefined;
  rows.forEach((one, index) => {
    const key = keyOf(one, index);
    if ((after !== undefined && key <= after) || (bound !== undefined && key >= bound)) return;
    first.splice(placeOf(first, key), 0, { key, one });
    if (first.length > count) first.pop();
    if (first.length === count) bound = first.at(-1)?.key;
  });
  return first;
}

function placeOf(first: readonly { readonly key: string }[], key: string): number {
  let [low, high] = [0, first.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((first[middle]?.key ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of the order of their making: keys whose text is in the order of their number. */
export const numberKey = (index: number): string => String(index).padStart(12, "0");

const cursorSchema = z.tuple([z.string(), z.string()]);

const writeCursor = (path: string, key: string): string => toHex(new TextEncoder().encode(JSON.stringify([path, key])));

function readCursor(text: string, path: string): string {
  const parsed = /^([0-9a-f]{2})+$/.test(text) ? cursorSchema.safeParse(jsonOf(fromHex(text))) : undefined;
  if (parsed?.success !== true || parsed.data[0] !== path) throw new HolonError("HOLON_ARGUMENT_BAD", "query.cursor: is none of this list", { next: "Take `next` of the page before, or begin again without a cursor." });
  return parsed.data[1];
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined; // refused as no cursor
  }
}
