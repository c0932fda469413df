/** Where the lines of links run on the map: straight from card to card where nothing stands between, else around all that does, each in a lane of its own. In pixels of the map. */

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface RouteEnds {
  readonly from: string;
  readonly to: string;
}

export interface MapLayout {
  readonly width: number;
  readonly height: number;
  /** By node. */
  readonly cards: ReadonlyMap<string, Box>;
  /** A site's box, and the nodes whose cards stand in it: who has neither end in it keeps out of it. */
  readonly sites: readonly { readonly box: Box; readonly nodes: ReadonlySet<string> }[];
  /** Headings and the like: a line that goes around does not strike them through. */
  readonly texts: readonly Box[];
}

export type Point = readonly [x: number, y: number];

export interface Route {
  /** As an SVG path. */
  readonly path: string;
  readonly middle: Point;
  /** Points along it, for whoever asks what it touches. */
  readonly along: readonly Point[];
}

type Side = "left" | "right" | "top" | "bottom";

interface Ends {
  readonly link: RouteEnds;
  readonly from: Box;
  readonly to: Box;
  readonly sides: readonly [Side, Side];
}

/** Of each link whose ends are both on the map, in the order they are given. */
export function routeLinks(links: readonly RouteEnds[], layout: MapLayout): readonly (Route | undefined)[] {
  const known = links.map((link) => endsOf(link, layout));
  const ports = portsOf(known.filter((ends) => ends !== undefined));
  const raster = rasterOf(layout);
  const straight = known.map((ends) => {
    const points = ends && ports.get(ends.link);
    if (ends === undefined || points === undefined) return undefined;
    const route = curve(points, ends.sides[0] === "left" || ends.sides[0] === "right");
    const solids = solidFor(ends.link, layout);
    return route.along.some((point) => solids.some((box) => isIn(point, box))) ? undefined : route;
  });
  for (const route of straight) if (route !== undefined) raster.take(route.along);
  return known.map((ends, index) => {
    if (ends === undefined || straight[index] !== undefined) return straight[index];
    const isBeside = ends.sides[0] === "left" || ends.sides[0] === "right";
    const points = isBeside ? ports.get(ends.link) : ([[ends.from.right, middleOf(ends.from)[1]], [ends.to.right, middleOf(ends.to)[1]]] as const);
    if (points === undefined) return undefined;
    const along = raster.around(points, isBeside ? ends.sides : ["right", "right"], [...solidFor(ends.link, layout), ends.from, ends.to, ...layout.texts]);
    raster.take(along);
    return { path: rounded(along), middle: halfWay(along), along };
  });
}

function endsOf(link: RouteEnds, { cards }: MapLayout): Ends | undefined {
  const [from, to] = [cards.get(link.from), cards.get(link.to)];
  if (from === undefined || to === undefined) return undefined;
  if (to.left >= from.right) return { link, from, to, sides: ["right", "left"] };
  if (from.left >= to.right) return { link, from, to, sides: ["left", "right"] };
  return { link, from, to, sides: to.top >= from.bottom ? ["bottom", "top"] : ["top", "bottom"] };
}

/** Every line has its own place at the side of a card, in the order of where it comes from; who comes from further away is further out. */
function portsOf(all: readonly Ends[]): ReadonlyMap<RouteEnds, readonly [Point, Point]> {
  const bySide = Map.groupBy(all.flatMap((ends) => [{ ends, end: 0 as const, node: ends.link.from }, { ends, end: 1 as const, node: ends.link.to }]), ({ ends, end, node }) => `${ends.sides[end]} ${node}`);
  const found = new Map<RouteEnds, [Point, Point]>(all.map(({ link }) => [link, [[0, 0], [0, 0]]]));
  for (const group of bySide.values()) {
    const sorted = group.toSorted((one, other) => across(one) - across(other) || apart(other.ends) - apart(one.ends));
    for (const [index, { ends, end }] of sorted.entries()) {
      const points = found.get(ends.link);
      if (points !== undefined) points[end] = portAt(end === 0 ? ends.from : ends.to, ends.sides[end], (index + 1) / (sorted.length + 1));
    }
  }
  return found;
}

function across({ ends, end }: { readonly ends: Ends; readonly end: 0 | 1 }): number {
  const [x, y] = middleOf(end === 0 ? ends.to : ends.from);
  return ends.sides[end] === "left" || ends.sides[end] === "right" ? y : x;
}

const apart = ({ from, to }: Ends): number => Math.hypot(middleOf(from)[0] - middleOf(to)[0], middleOf(from)[1] - middleOf(to)[1]);
const middleOf = ({ left, right, top, bottom }: Box): Point => [(left + right) / 2, (top + bottom) / 2];
const isIn = ([x, y]: Point, { left, right, top, bottom }: Box): boolean => x > left - 1 && x < right + 1 && y > top - 1 && y < bottom + 1;

function portAt({ left, right, top, bottom }: Box, side: Side, part: number): Point {
  if (side === "left" || side === "right") return [side === "left" ? left : right, top + (bottom - top) * part];
  return [left + (right - left) * part, side === "top" ? top : bottom];
}

/** What a link has no business with: others' cards, and sites where it neither begins nor ends. */
function solidFor({ from, to }: RouteEnds, { cards, sites }: MapLayout): readonly Box[] {
  return [...[...cards].filter(([node]) => node !== from && node !== to).map(([, box]) => box), ...sites.filter(({ nodes }) => !nodes.has(from) && !nodes.has(to)).map(({ box }) => box)];
}

const curveSteps = 48;

function curve([[a, b], [c, d]]: readonly [Point, Point], isBeside: boolean): Route {
  const [mx, my] = [(a + c) / 2, (b + d) / 2];
  const [first, second]: readonly [Point, Point] = isBeside ? [[mx, b], [mx, d]] : [[a, my], [c, my]];
  const [start, end]: readonly [Point, Point] = [[a, b], [c, d]];
  const at = (t: number, axis: 0 | 1): number => (1 - t) ** 3 * start[axis] + 3 * (1 - t) ** 2 * t * first[axis] + 3 * (1 - t) * t ** 2 * second[axis] + t ** 3 * end[axis];
  const along = Array.from({ length: curveSteps + 1 }, (_, step): Point => [at(step / curveSteps, 0), at(step / curveSteps, 1)]);
  return { path: `M${a},${b}C${first} ${second} ${c},${d}`, middle: [mx, my], along };
}

/** A lane is as wide, and as far from a box as `clear`: both go into the gaps between boxes, wherever those begin. */
const [lane, clear] = [8, 4];
/** In lanes: a turn, a crossing, to lie on another line, to go through what stands there where there is no other way. */
const [turnCost, crossCost, lieCost, solidCost] = [5, 3, 60, 400];

interface Raster {
  take(along: readonly Point[]): void;
  around(ports: readonly [Point, Point], sides: readonly [Side, Side], solids: readonly Box[]): readonly Point[];
}

function rasterOf({ width, height }: MapLayout): Raster {
  const [columns, rows] = [Math.max(2, Math.floor(width / lane)), Math.max(2, Math.floor(height / lane))];
  /** By cell: whether a line lies there across the map (1), down it (2). */
  const taken = new Uint8Array((columns + 1) * (rows + 1));
  const cellOf = (x: number, y: number): number => clamp(y, rows) * (columns + 1) + clamp(x, columns);
  const pointOf = (cell: number): Point => [(cell % (columns + 1)) * lane, Math.floor(cell / (columns + 1)) * lane];
  return {
    take(along) {
      for (const [[a, b], [c, d]] of pairsOf(along)) {
        const steps = Math.max(1, Math.ceil(Math.hypot(c - a, d - b) / (lane / 2)));
        for (let step = 0; step <= steps; step++) {
          const cell = cellOf(Math.round((a + ((c - a) * step) / steps) / lane), Math.round((b + ((d - b) * step) / steps) / lane));
          taken[cell] = (taken[cell] ?? 0) | (Math.abs(c - a) >= Math.abs(d - b) ? 1 : 2);
        }
      }
    },
    around([from, to], sides, solids) {
      const startOf = ([x, y]: Point, side: Side): number => cellOf(side === "right" ? Math.floor(x / lane) + 1 : Math.ceil(x / lane) - 1, Math.round(y / lane));
      const [start, end] = [startOf(from, sides[0]), startOf(to, sides[1])];
      const isSolid = new Uint8Array(taken.length);
      for (const box of solids) mark(isSolid, box, columns, rows);
      const cells = cheapest(start, end, columns, rows, (cell, isAcross) => 1 + (isSolid[cell] === 1 ? solidCost : 0) + (((taken[cell] ?? 0) & (isAcross ? 1 : 2)) !== 0 ? lieCost : taken[cell] !== 0 ? crossCost : 0));
      const points = cells.map(pointOf);
      const [first, last] = [points[0] ?? from, points.at(-1) ?? to];
      return corners([[from[0], first[1]], ...points, [to[0], last[1]]]);
    },
  };
}

const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
const pairsOf = (points: readonly Point[]): readonly (readonly [Point, Point])[] => points.slice(1).map((point, index) => [points[index] ?? point, point] as const);

function mark(cells: Uint8Array, { left, top, right, bottom }: Box, columns: number, rows: number): void {
  for (let y = Math.max(0, Math.floor((top - clear) / lane) + 1); y <= Math.min(rows, Math.ceil((bottom + clear) / lane) - 1); y++) {
    for (let x = Math.max(0, Math.floor((left - clear) / lane) + 1); x <= Math.min(columns, Math.ceil((right + clear) / lane) - 1); x++) cells[y * (columns + 1) + x] = 1;
  }
}

/** From cell to cell, by what entering one costs; turning costs too. A state is a cell and whether it was entered across (even) or down (odd). */
function cheapest(start: number, end: number, columns: number, rows: number, costOf: (cell: number, isAcross: boolean) => number): readonly number[] {
  const wide = columns + 1;
  const costs = new Float64Array(wide * (rows + 1) * 2).fill(Infinity);
  const before = new Int32Array(costs.length).fill(-1);
  const open: number[][] = [[start * 2]]; // by cost: all are whole numbers
  costs[start * 2] = 0;
  for (let cost = 0; cost < open.length; cost++) {
    for (const state of open[cost] ?? []) {
      if (costs[state] !== cost) continue;
      const [cell, isDown] = [state >> 1, (state & 1) === 1];
      if (cell === end && !isDown) return trail(before, state);
      for (const step of [1, -1, wide, -wide]) {
        const next = cell + step;
        if (next < 0 || next * 2 >= costs.length || (Math.abs(step) === 1 && Math.floor(next / wide) !== Math.floor(cell / wide))) continue;
        const goesDown = Math.abs(step) !== 1;
        const total = cost + costOf(next, !goesDown) + (goesDown === isDown ? 0 : turnCost);
        const to = next * 2 + (goesDown ? 1 : 0);
        if (total >= (costs[to] ?? 0)) continue;
        costs[to] = total;
        before[to] = state;
        (open[total] ??= []).push(to);
      }
      const turned = state ^ 1; // at the end a line comes in from the side
      if (cell === end && cost + turnCost < (costs[turned] ?? 0)) {
        costs[turned] = cost + turnCost;
        before[turned] = state;
        (open[cost + turnCost] ??= []).push(turned);
      }
    }
  }
  return [start, end];
}

function trail(before: Int32Array, last: number): readonly number[] {
  const cells: number[] = [];
  for (let state = last; state !== -1; state = before[state] ?? -1) if (cells.at(-1) !== state >> 1) cells.push(state >> 1); // where it only turned, once
  return cells.reverse();
}

/** Without those on the way between two others. */
const corners = (points: readonly Point[]): readonly Point[] =>
  points.filter(([x, y], index) => {
    const [last, next] = [points[index - 1], points[index + 1]];
    return last === undefined || next === undefined || !((last[0] === x && x === next[0]) || (last[1] === y && y === next[1]));
  });

const bend = 7;

function rounded(points: readonly Point[]): string {
  return points.map(([x, y], index) => {
    const [last, next] = [points[index - 1], points[index + 1]];
    if (last === undefined) return `M${x},${y}`;
    return next === undefined ? `L${x},${y}` : `L${toward([x, y], last)}Q${x},${y} ${toward([x, y], next)}`;
  }).join("");
}

function toward([x, y]: Point, [a, b]: Point): Point {
  const far = Math.hypot(a - x, b - y);
  const part = far === 0 ? 0 : Math.min(bend, far / 2) / far;
  return [x + (a - x) * part, y + (b - y) * part];
}

function halfWay(points: readonly Point[]): Point {
  const all = pairsOf(points).map(([[a, b], [c, d]]) => Math.hypot(c - a, d - b));
  let left = all.reduce((sum, one) => sum + one, 0) / 2;
  for (const [index, [[a, b], [c, d]]] of pairsOf(points).entries()) {
    const long = all[index] ?? 0;
    if (left <= long) return [a + ((c - a) * left) / (long || 1), b + ((d - b) * left) / (long || 1)];
    left -= long;
  }
  return points[0] ?? [0, 0];
}
