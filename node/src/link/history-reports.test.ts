import assert from "node:assert/strict";
import { test } from "node:test";
import type { Epoch } from "@holon/core/units.ts";
import { forkSays } from "./history-reports.ts";

const fork = { lane: "gateway-1/data", branch: "gateway-1~0b1c2d/data", after: { epoch: "7k3f9qxa0bcde" as Epoch, sequence: 40, hash: "" }, endsEarly: true, parentLast: 69, parentLane: "gateway-1/data" };

test("what the parent has more of is told with the lane in which it has it", () => {
  assert.match(forkSays(fork).message, /^of gateway-1\/data the parent has records 41 to 69, which /);
  assert.match(forkSays({ ...fork, parentLane: "gateway-1~aaaaaa/data" }).message, /^of gateway-1\/data the parent has records 41 to 69 as gateway-1~aaaaaa\/data, which /);
  assert.match(forkSays({ ...fork, parentLast: 40, parentLane: "gateway-1~aaaaaa/data" }).message, /^the parent holds another history of gateway-1\/data behind record 40 as gateway-1~aaaaaa\/data; this one goes on as gateway-1~0b1c2d\/data$/);
});
