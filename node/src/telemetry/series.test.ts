import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { SeriesQuery } from "@holon/core/telemetry/series.ts";
import { nodeName, running, SimFamily } from "../testing/sim-family.ts";

test("a chart of a node or a site that nobody here knows is refused, with of how many nodes what is known", async () => {
  const family = new SimFamily(7);
  const edge = nodeName("edge-2");
  const machine = family.machine(edge, { listen: `${edge}:7401`, telemetry: {} });
  machine.start();
  await family.until("it runs", () => machine.subject !== undefined);
  await family.pass(120_000);
  const ask = (query: Omit<SeriesQuery, "name">) => family.world.drive(running(machine).telemetry?.series({ name: "holon.log.records", ...query }).catch((error: unknown) => error) ?? Promise.resolve());
  for (const query of [{ node: "nobody-1" }, { site: "nowhere" }, { node: edge, site: "nowhere" }]) {
    const refused = await ask(query);
    assert.ok(refused instanceof HolonError && refused.code === "HOLON_NODE_UNKNOWN", JSON.stringify(query));
    assert.equal(refused.known?.completeness?.nodes, 1);
  }
  for (const query of [{ node: edge }, { site: "site" }, {}]) assert.ok(!((await ask(query)) instanceof Error), JSON.stringify(query));
});
