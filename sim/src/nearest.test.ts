/** Requests go to the nearest node that answers and is well; who is dead, cut off or slow is passed over within the deadline, and each asker gets one answer. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { Fleet } from "./fleet.ts";
import { localLine } from "./net/link-profile.ts";
import { controlOf } from "./programs/moving.ts";
import { holonProgram } from "./programs/program.ts";
import { readLane } from "./read-lane.ts";
import { World } from "./world.ts";

const source = `export default {
  kind: "holon.function",
  on: { http: { method: "GET", path: "/count" } },
  emits: { "holon.response": { stream: "local", class: "raw" } },
  models: [],
  run(event, context) {
    const count = (context.state.get("count") ?? 0) + 1;
    context.state.set("count", count);
    context.emit("holon.response", { data: { request: event.data.request, body: { count } } });
  },
};
`;
const edges = ["edge-1", "edge-2", "edge-3"] as const;
const hash = createHash("sha256").update(source).digest("hex");
const response = { "holon.response": { stream: "local", class: "raw" } };
const answers = (name: string, method: string, dataClass: string | undefined) => ({ name, code: hash, on: { http: { method, path: `/${name}`, ...(dataClass === undefined ? {} : { class: dataClass }) } }, emits: response, models: [], run: { tier: "edge" }, timeoutMs: 6_000 });
const app = appDocumentSchema.parse({ name: "asked", version: "1", functions: [answers("count", "GET", "derived"), answers("store", "POST", "derived"), answers("secret", "GET", undefined)], models: [], egress: [{ class: "derived", to: "*" }] });

async function bringUp() {
  const world = new World(3);
  const { boot, sandbox } = await holonProgram({}, source);
  const fleet = new Fleet(world, { boot, sandbox }, {
    withoutReadings: true,
    profileOf: (from, to) => {
      const far = [from, to].find((name) => name.startsWith("edge-"));
      const ms = far === "edge-1" ? 40 : far === "edge-2" ? 5 : 15;
      return { ...localLine, latency: { minMs: ms, tailMs: 0.1, stallChance: 0, stallMs: 0 } };
    },
  });
  fleet.add({ name: "cloud", tier: "cloud" });
  for (const name of edges) fleet.add({ name, tier: "edge", parent: "cloud" });
  await fleet.bringUp();
  const control = controlOf(fleet.root.machine.subject);
  assert.ok(control !== undefined);
  await world.drive(control.blobs.put(new TextEncoder().encode(source)));
  await world.drive(control.deploy(app));
  await world.run({ timeMs: world.nowMs + 60_000, condition: () => edges.every((name) => fleet.members.get(name)?.machine.subject?.status?.().agent.units.filter(({ state }) => state === "running").length === 3) });
  const ask = async (path: string, method: "GET" | "POST" = "GET") => {
    const { subject } = fleet.root.machine;
    const startedMs = world.nowMs;
    const outcome = await world.drive(subject?.ask?.("asked", { method, path, query: {}, body: null }).then(({ status }) => String(status), (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : String(error))) ?? Promise.reject(new Error("the cloud is down")));
    return { outcome, tookMs: world.nowMs - startedMs };
  };
  /** Requests that each edge took in. */
  const taken = async (): Promise<readonly number[]> => {
    const counts: number[] = [];
    for (const name of edges) {
      const machine = fleet.members.get(name)?.machine;
      assert.ok(machine !== undefined);
      const records = machine.subject === undefined ? [] : await world.drive(readLane(machine.subject, { origin: machine.name, stream: "local" }));
      counts.push(records.filter(({ bytes }) => new TextDecoder().decode(bytes).includes("holon.request.asked.")).length);
    }
    return counts;
  };
  return { world, fleet, ask, taken };
}

test("requests go to the nearest; who is cut off or slow is passed over within the deadline; a POST that may have been taken is given to nobody else", async () => {
  const { world, fleet, ask, taken } = await bringUp();
  for (let times = 0; times < 6; times++) {
    assert.equal((await ask("/count")).outcome, "200");
    await world.run({ timeMs: world.nowMs + 20_000 });
  }
  const learned = await taken();
  for (let times = 0; times < 5; times++) assert.equal((await ask("/count")).outcome, "200");
  const near = (await taken()).map((count, index) => count - (learned[index] ?? 0));
  assert.ok(near.filter((count) => count > 0).length === 1, `${near.join()} of five, after ${learned.join()}`);
  const nearest = edges[near.findIndex((count) => count > 0)] ?? "edge-2";

  fleet.net.cut(nearest, "cloud"); // nobody is told: what is sent is lost
  const passed = await ask("/count");
  assert.equal(passed.outcome, "200");
  assert.ok(passed.tookMs < 6_000, `${passed.tookMs} ms`);
  const again = await ask("/count");
  assert.ok(again.outcome === "200" && again.tookMs < 1_000, `who failed is not asked again at once: ${again.tookMs} ms`);
  fleet.net.heal(nearest, "cloud");
  await world.run({ timeMs: world.nowMs + 200_000 });

  const before = await taken();
  fleet.members.get(nearest)?.machine.crash("power", 600_000);
  assert.equal((await ask("/count")).outcome, "200", "one is dead");
  await world.run({ timeMs: world.nowMs + 300_000, condition: () => !fleet.root.machine.subject?.status?.().children.some(({ node }) => node === nearest) });
  assert.equal((await ask("/store", "POST")).outcome, "200", "it is known to be gone, and took nothing in");
  const others = edges.filter((name) => name !== nearest);
  for (const name of others) fleet.net.cut(name, "cloud");
  const lost = await ask("/store", "POST");
  assert.ok(["HOLON_CALL_TIMEOUT", "HOLON_LINK_UNREACHABLE"].includes(lost.outcome), lost.outcome);
  assert.ok(lost.tookMs <= 6_100 + limits.requestToldMs, `${lost.tookMs} ms`);
  for (const name of others) fleet.net.heal(name, "cloud");
  await world.run({ timeMs: world.nowMs + 60_000 });
  const after = await taken();
  const stored = edges.map((name, index) => (name === nearest ? 0 : (after[index] ?? 0) - (before[index] ?? 0)));
  assert.ok(stored.reduce((sum, count) => sum + count, 0) <= 3, `each was taken in once: ${stored.join()}`);

  assert.equal((await ask("/secret")).outcome, "HOLON_POLICY_DENIED", "what is raw stays where it came in");
  assert.equal((await ask("/nothing")).outcome, "HOLON_ARGUMENT_BAD");
});
