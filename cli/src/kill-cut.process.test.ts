import { test } from "node:test";
import { assertSurvivesKills } from "./testing/kill-run.ts";
import { needSkab } from "./testing/skab.ts";

test("kill -9 at 10 random points of a replay whose uplink is cut and healed: the same", needSkab, (context) =>
  assertSurvivesKills(context, [
    { name: "kill/3", more: ["--cut-after", "300", "--heal-after", "900"] },
    { name: "kill/4", more: ["--speed", "1500", "--cut-after", "200", "--heal-after", "1400"] },
  ]));
