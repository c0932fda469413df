/** The table is whole: each invariant of the two pages has a planted bug, none has one that is not on a page, and each is still to be found in the code. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { scenarios } from "../run.ts";
import { plants } from "./all.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const numbered = (page: string): readonly string[] => [...read(`docs/internals/${page}.md`).matchAll(/^(\d+)\. \*\*/gm)].map(([, number = ""]) => `${page} ${number}`);

test("each invariant has a planted bug, in the order of the pages", () => {
  assert.deepEqual(plants.map(({ invariant }) => invariant), ["log", "link"].flatMap(numbered));
});

for (const { invariant, bug, edits, seen } of plants) {
  test(`${invariant}, ${bug}: what is changed stands once in the code, and who is to see it is there`, () => {
    for (const { file, find, put } of edits) {
      assert.equal(read(file).split(find).length, 2, `${file}: ${find}`);
      assert.notEqual(find, put);
    }
    if ("scenario" in seen) assert.ok(scenarios.has(seen.scenario) && seen.seeds.length > 0);
    else assert.ok(read(seen.test).includes(seen.title));
  });
}
