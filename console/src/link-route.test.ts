import assert from "node:assert/strict";
import { test } from "node:test";
import { routeLinks, type Box, type MapLayout, type Point, type Route } from "./link-route.ts";

const box = (left: number, top: number, width: number, height: number): Box => ({ left, top, right: left + width, bottom: top + height });
const isIn = ([x, y]: Point, { left, top, right, bottom }: Box): boolean => x > left && x < right && y > top && y < bottom;
/** Every two pixels of it. */
const fine = ({ along }: Route): readonly Point[] =>
  along.slice(1).flatMap(([c, d], index) => {
    const [a, b] = along[index] ?? [c, d];
    const steps = Math.max(1, Math.ceil(Math.hypot(c - a, d - b) / 2));
    return Array.from({ length: steps }, (_, step): Point => [a + ((c - a) * step) / steps, b + ((d - b) * step) / steps]);
  });
const nearTo = (one: Route, other: Route): number => fine(one).filter(([x, y]) => fine(other).some(([a, b]) => Math.hypot(a - x, b - y) < 3)).length * 2;

/** A site in the middle, and a gateway of another one that hangs on the cloud directly: all in one row. */
const cards = new Map([["gw-3", box(17, 100, 148, 78)], ["gw-1", box(279, 66, 148, 78)], ["gw-2", box(279, 152, 148, 58)], ["edge-1", box(483, 109, 148, 58)], ["cloud-1", box(729, 109, 148, 58)]]);
const plant = box(266, 4, 378, 218);
const layout: MapLayout = {
  width: 1092, height: 236, cards, texts: [box(279, 14, 160, 20)],
  sites: [{ box: box(4, 38, 190, 152), nodes: new Set(["gw-3"]) }, { box: plant, nodes: new Set(["gw-1", "gw-2", "edge-1"]) }, { box: box(716, 47, 190, 132), nodes: new Set(["cloud-1"]) }],
};
const links = [{ from: "gw-3", to: "cloud-1" }, { from: "gw-1", to: "edge-1" }, { from: "gw-2", to: "edge-1" }, { from: "edge-1", to: "cloud-1" }];

test("a link goes around a site that it has nothing to do with, and lies on no other link", () => {
  const routes = routeLinks(links, layout);
  const [far, , , cut] = routes;
  assert.ok(far !== undefined && cut !== undefined);
  assert.deepEqual(fine(far).filter((point) => isIn(point, plant)), []);
  for (const [index, one] of routes.entries()) for (const other of routes.slice(index + 1)) assert.ok(one !== undefined && other !== undefined && nearTo(one, other) <= 16);
});

test("a link whose way is free is one curve from side to side", () => {
  const [, near] = routeLinks(links, layout);
  assert.match(near?.path ?? "", /^M427,105C/);
  assert.deepEqual(near?.along[0], [427, 105]);
});

test("where sites stand below each other it goes by their side", () => {
  const column: MapLayout = {
    width: 360, height: 620, texts: [],
    cards: new Map([["cloud-1", box(12, 40, 320, 60)], ["edge-1", box(12, 220, 320, 60)], ["gw-3", box(12, 460, 320, 60)]]),
    sites: [{ box: box(0, 4, 344, 110), nodes: new Set(["cloud-1"]) }, { box: box(0, 180, 344, 110), nodes: new Set(["edge-1"]) }, { box: box(0, 420, 344, 110), nodes: new Set(["gw-3"]) }],
  };
  const [far] = routeLinks([{ from: "gw-3", to: "cloud-1" }, { from: "edge-1", to: "cloud-1" }], column);
  assert.ok(far !== undefined);
  assert.deepEqual(fine(far).filter((point) => isIn(point, box(0, 180, 344, 110))), []);
  assert.ok(far.along.every(([x]) => x >= 0 && x <= 360));
});

test("two that go the same way around keep to lanes of their own", () => {
  const more = new Map([...cards, ["gw-4", box(17, 186, 148, 58)]]);
  const [one, other] = routeLinks([{ from: "gw-3", to: "cloud-1" }, { from: "gw-4", to: "cloud-1" }], { ...layout, height: 260, cards: more, sites: [{ box: box(4, 38, 190, 216), nodes: new Set(["gw-3", "gw-4"]) }, ...layout.sites.slice(1)] });
  assert.ok(one !== undefined && other !== undefined && nearTo(one, other) <= 16);
});

test("a link to who is not shown is not drawn", () => assert.deepEqual(routeLinks([{ from: "gw-1", to: "nobody" }], layout), [undefined]));
