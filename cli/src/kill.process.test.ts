import { test } from "node:test";
import { assertSurvivesKills } from "./testing/kill-run.ts";
import { needSkab } from "./testing/skab.ts";

test("kill -9 at 10 random points of a replay: whatever they meet, nothing is lost and nothing is doubled", needSkab, (context) =>
  assertSurvivesKills(context, [
    { name: "kill/1", more: [] },
    // Paced, so that the kills meet it while it takes rows in.
    { name: "kill/2", more: ["--speed", "1500"] },
  ]));
