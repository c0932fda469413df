/** Tests that take turns, so that one run stays short: of each row one part is run, the next with the next HOLON_SIM_ROTATION. */
import { test, type TestContext } from "node:test";

/** Registers every so-manieth of the tests it is given; with HOLON_TURNS=all each. */
export function takesTurns(every: number): (name: string, run: (context: TestContext) => void | Promise<void>) => void {
  const rotation = Number(process.env["HOLON_SIM_ROTATION"] ?? "0") % every;
  const isWhole = process.env["HOLON_TURNS"] === "all";
  let index = 0;
  return (name, run) => {
    if (index++ % every === rotation || isWhole) test(name, run);
  };
}
