/** A unit on its way, and one bug for each thing that is promised of it: the checkers must see it without any fault beside it. */
import assert from "node:assert/strict";
import { moveBook, type MoveBook } from "@holon/control/plan/moving.ts";
import { moveRules, type MoveRules } from "@holon/node/moving/moves.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";
import { holonProgram } from "./programs/program.ts";
import { handOff } from "./scenarios/hand-off.ts";
import { runSeed, type Scenario } from "./scenario.ts";

const planted = takesTurns(2);
const { variants: _, ...once } = handOff;
const quick: Scenario = { ...once, convergeMsMax: 30_000 };

async function violationsWith(parts: { readonly moveBook?: MoveBook; readonly moves?: MoveRules }): Promise<string> {
  return (await runSeed(quick, await holonProgram(parts), 1)).violations.join("\n");
}

planted("a unit that moves to and fro handles each record once, where it is, and goes on from what it held", async () => {
  assert.equal(await violationsWith({}), "");
});

planted("the checker catches a new home that starts before it has departed from the old one", async () => {
  const hasty: MoveBook = { ...moveBook, isHere: (moves, facts, unit, node, hasState) => facts.placed.get(unit)?.includes(node) === true || moveBook.isHere(moves, facts, unit, node, hasState) };
  assert.match(await violationsWith({ moveBook: hasty }), /handled twice/);
});

planted("the checker catches a new home that forgets how far the old one had read", async () => {
  assert.match(await violationsWith({ moves: { ...moveRules, cellsFrom: (state, log) => moveRules.cellsFrom({ ...state, positions: {} }, log) } }), /handled twice/);
});

planted("the checker catches a new home that forgets what the old one held", async () => {
  assert.match(await violationsWith({ moves: { ...moveRules, cellsFrom: (state, log) => moveRules.cellsFrom({ ...state, cells: [] }, log) } }), /was lost on the way/);
});

planted("the checker catches an old home that goes on after the departure", async () => {
  const both: MoveBook = { ...moveBook, isHere: (moves, facts, unit, node, hasState) => moves.some((move) => move.unit === unit && move.from === node) || moveBook.isHere(moves, facts, unit, node, hasState) };
  assert.match(await violationsWith({ moveBook: both }), /the unit runs on edge-1 and edge-2|handled twice/);
});
