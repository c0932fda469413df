/** Tests that take turns, so that one run stays short: of each row one part is run, the next with the next HOLON_SIM_ROTATION. */
import { test, type TestContext } from "node:test";

/** Whether it is the turn of what has this place among `every`; with HOLON_TURNS=all always. */
const isTurn = (place: number, every: number): boolean => process.env["HOLON_TURNS"] === "all" || place % every === Number(process.env["HOLON_SIM_ROTATION"] ?? "0") % every;

export const notItsTurn = "not its turn with this HOLON_SIM_ROTATION; HOLON_TURNS=all runs it";

/** Options of a test that has a file of its own: it is named as skipped where it is not its turn, or for the reason that is given. */
export const onItsTurn = (place: number, every: number, skip: string | false = false): { readonly skip: string | false } => ({ skip: skip === false && !isTurn(place, every) ? notItsTurn : skip });

/** Registers every so-manieth of the tests it is given. */
export function takesTurns(every: number): (name: string, run: (context: TestContext) => void | Promise<void>) => void {
  let place = 0;
  return (name, run) => {
    if (isTurn(place++, every)) test(name, run);
  };
}

/** These run each time: what the README promises first, and what the runner itself stands on. */
const everyTime = /(?:^cli\/src\/(?:once|node-start|raw-stays)|^scripts\/.*)\.process\.test\.ts$/;
/** Coprime to the turns of two and four that tests of these files take, so that each meets its own in time. */
const filesEvery = 3;

/** Test files that start processes take turns of three: together they are most of the time of a run. */
export function filesInTurn(files: readonly string[]): { readonly now: readonly string[]; readonly later: readonly string[] } {
  const taking = files.filter((file) => file.endsWith(".process.test.ts") && !everyTime.test(file)).sort();
  const later = taking.filter((_, place) => !isTurn(place, filesEvery));
  return { now: files.filter((file) => !later.includes(file)), later };
}
