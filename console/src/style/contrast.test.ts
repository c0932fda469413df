/** Colours against what they stand on, in the light and in the dark: text 4.5 to 1, what a picture says 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

type Colour = readonly [red: number, green: number, blue: number];
type Scheme = "light" | "dark";

const css = readFileSync(new URL("./base.css", import.meta.url), "utf8");
const hex = (text: string): Colour => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16)) as unknown as Colour;
const colours = new Map([...css.matchAll(/--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name = "", light = "", dark = ""]) => [name, { light: hex(light), dark: hex(dark) }]));
const colour = (name: string, scheme: Scheme): Colour => colours.get(name)?.[scheme] ?? assert.fail(`no colour ${name}`);

const mix = (one: Colour, other: Colour, share: number): Colour => one.map((value, at) => value * share + (other[at] ?? 0) * (1 - share)) as unknown as Colour;

function luminance(of: Colour): number {
  const [red = 0, green = 0, blue = 0] = of.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: Colour, other: Colour): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** Of an island: the paper with stripes. */
const grounds = (scheme: Scheme): readonly (readonly [string, Colour])[] => [
  ...["ground", "paper", "sunk"].map((name) => [name, colour(name, scheme)] as const),
  ["the stripes of an island", mix(colour("bad", scheme), colour("paper", scheme), 0.06)],
];

for (const scheme of ["light", "dark"] as const) {
  test(`text can be read on all that it stands on: ${scheme}`, () => {
    const low = ["ink", "ink-soft", "bad", "warn", "good", "accent", "unseen"].flatMap((name) => grounds(scheme).map(([on, ground]) => ({ name, on, is: contrast(colour(name, scheme), ground) }))).filter(({ is }) => is < 4.5);
    for (const name of ["bad", "warn", "good"]) assert.ok(contrast(colour(name, scheme), colour(`${name}-soft`, scheme)) >= 4.5, `${name} on its soft one`);
    assert.deepEqual(low, []);
  });

  test(`what a tile's bar says is seen, whatever stands beside it: ${scheme}`, () => {
    const map = readFileSync(new URL("./map.css", import.meta.url), "utf8");
    const parts = [...map.matchAll(/\.tile-bar \.([a-z]+)[^{]*\{ background: var\(--([a-z-]+)\); \}/g)];
    assert.ok(parts.length >= 4);
    const low = parts.flatMap(([, state, name = ""]) => grounds(scheme).filter(([on]) => on !== "ground").map(([on, ground]) => ({ state, on, is: contrast(colour(name, scheme), ground) }))).filter(({ is }) => is < 3);
    assert.deepEqual(low, []);
  });
}
