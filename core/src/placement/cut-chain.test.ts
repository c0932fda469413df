import assert from "node:assert/strict";
import { test } from "node:test";
import { chanceFrom, type Chance } from "../chance.ts";
import { cheapestCut, costOfCut, type Chain } from "./cut-chain.ts";

function chainByChance(chance: Chance): Chain {
  const layers = 1 + chance.below(8);
  const nodes = 1 + chance.below(4);
  const size = (most: number): number => chance.below(most) * (chance.share() < 0.1 ? 0 : 1);
  return {
    bytes: Array.from({ length: layers + 1 }, () => 4 * (1 + size(5_000))),
    cuts: [...Array(layers).keys()].filter(() => chance.share() < 0.7),
    nodes: Array.from({ length: nodes }, (_, index) => ({ name: `n-${index}`, layerMs: Array.from({ length: layers }, () => (chance.share() * 40) / (1 + 4 * index)), perProcessorHour: chance.share() * 0.1 })),
    ways: Array.from({ length: nodes - 1 }, () => ({ latencyMs: chance.share() * 5, bytesPerSecond: 10_000 + chance.below(10_000_000), perGigabyte: chance.share() })),
    rowsPerMonth: chance.below(100_000),
    perMillisecond: chance.share() < 0.3 ? 0 : chance.share() * 0.1,
    ...(chance.share() < 0.5 ? { latencyMsMax: chance.share() * 150 } : {}),
  };
}

/** Every way to cut it, each weighed by hand: no step of the search is used. */
function allCuts({ bytes, cuts, nodes }: Chain): readonly (readonly number[])[] {
  const layers = bytes.length - 1;
  const from = (index: number, begin: number): readonly (readonly number[])[] => (index === nodes.length - 1 ? [[]] : [...cuts.filter((cut) => cut >= begin), layers].flatMap((end) => (end === layers ? [Array.from({ length: nodes.length - 1 - index }, () => layers)] : from(index + 1, end).map((rest) => [end, ...rest]))));
  return from(0, 0);
}

function weigh({ bytes, nodes, ways, rowsPerMonth, perMillisecond }: Chain, ends: readonly number[]): { readonly cost: number; readonly latencyMs: number } {
  const layers = bytes.length - 1;
  let [money, latencyMs] = [0, 0];
  for (let layer = 0; layer < layers; layer++) {
    const at = ends.filter((end) => end <= layer).length;
    const ms = nodes[at]?.layerMs[layer] ?? Number.NaN;
    latencyMs += ms;
    money += (rowsPerMonth * ms * (nodes[at]?.perProcessorHour ?? Number.NaN)) / 3.6e6;
  }
  for (const [index, way] of ways.entries()) {
    const end = ends[index] ?? Number.NaN;
    if (end === layers) break;
    const crossing = (bytes[end] ?? Number.NaN) + (bytes[layers] ?? Number.NaN);
    latencyMs += way.latencyMs * 2 + crossing / (way.bytesPerSecond / 1000);
    money += (crossing / 1e9) * way.perGigabyte * rowsPerMonth;
  }
  return { cost: money + latencyMs * perMillisecond, latencyMs };
}

test("the cut is the cheapest of all that there are, and keeps the bound wherever one does, in 3,000 chains by chance", () => {
  const chance = chanceFrom(11);
  let [bounded, moved] = [0, 0];
  for (let turn = 0; turn < 3_000; turn++) {
    const chain = chainByChance(chance);
    const weighed = allCuts(chain).map((ends) => ({ ends, ...weigh(chain, ends) })).filter(({ latencyMs }) => chain.latencyMsMax === undefined || latencyMs <= chain.latencyMsMax);
    const chosen = cheapestCut(chain);
    if (weighed.length === 0) {
      assert.equal(chosen, undefined, `turn ${turn}`);
      bounded++;
      continue;
    }
    assert.ok(chosen !== undefined, `turn ${turn}: no cut where there is one`);
    const least = Math.min(...weighed.map(({ cost }) => cost));
    assert.ok(Math.abs(chosen.cost - least) <= 1e-9 * Math.max(1, least), `turn ${turn}: ${chosen.cost} and ${least}`);
    const [again, own] = [weigh(chain, chosen.ends), costOfCut(chain, chosen.ends)];
    assert.ok(Math.abs(again.cost - chosen.cost) <= 1e-9 * Math.max(1, least) && Math.abs(again.latencyMs - chosen.latencyMs) < 1e-9 && Math.abs(own.cost - chosen.cost) < 1e-9);
    if (chosen.ends.some((end) => end < chain.bytes.length - 1)) moved++;
  }
  assert.ok(bounded > 50 && moved > 500, `${bounded} ${moved}`);
});

test("a value that is small after half of the layers crosses there; a slow line keeps all here; with nothing between them the fast node does all", () => {
  const nodes = [{ name: "gateway", layerMs: [1, 1, 20], perProcessorHour: 0.02 }, { name: "cloud", layerMs: [0.1, 0.1, 2], perProcessorHour: 0.02 }];
  const chain = (bytesPerSecond: number, latencyMs = 2): Chain => ({ bytes: [40_000, 20_000, 200, 40], cuts: [0, 1, 2], nodes, ways: [{ latencyMs, bytesPerSecond, perGigabyte: 0.05 }], rowsPerMonth: 1e6, perMillisecond: 1 });
  assert.deepEqual([cheapestCut(chain(1e5))?.ends, cheapestCut(chain(1e5, 400))?.ends, cheapestCut(chain(1e12, 0))?.ends], [[2], [3], [2]]);
  assert.deepEqual(cheapestCut({ ...chain(1e12, 0), bytes: [40, 20_000, 2_000, 40] })?.ends, [0]);
});
