import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema } from "../schema/app.ts";
import { needsOfApp, needsProblem } from "./needs-of-app.ts";

const blob = "0".repeat(64);
const fn = (name: string, on: string, more: object = {}) => ({ name, code: blob, on: { type: on }, emits: {}, models: [], ...more });
const app = (more: object) => appDocumentSchema.parse({ name: "pump", functions: [], models: [], ...more });

test("only what has needs is placed; what has none leaves no trace", () => {
  assert.equal(needsOfApp(app({ functions: [fn("judge", "pump.reading", { run: { tier: "edge" } })] })), undefined);
  const mixed = needsOfApp(app({ functions: [fn("judge", "pump.reading"), fn("sum", "pump.alert", { needs: {} })] }));
  assert.deepEqual(mixed?.units.map(({ name, tiers, replicas, onTheWay }) => [name, tiers, replicas, onTheWay]), [["sum", undefined, 1, false]]);
});

test("the tier of `run` is one of the needs, unless they name tiers themselves", () => {
  const tiers = (more: object) => needsOfApp(app({ functions: [fn("sum", "pump.alert", more)] }))?.units[0]?.tiers;
  assert.deepEqual([tiers({ needs: {} }), tiers({ needs: {}, run: { tier: "edge" } }), tiers({ needs: { tiers: ["cloud"] }, run: { tier: "edge" } })], [undefined, ["edge"], ["cloud"]]);
});

test("what a door hands it has the class that the door gives it, unless the author says", () => {
  const sources = [{ kind: "host", name: "host", type: "pump.reading" }];
  const classes = (needs: object, on = "pump.*") => needsOfApp(app({ sources, functions: [fn("sum", on, { needs })] }))?.units[0]?.classes;
  assert.deepEqual([classes({}), classes({}, "fan.reading"), classes({ classes: ["derived"] })], [["raw"], [], ["derived"]]);
});

test("what one emits and another handles flows between them, and so do questions to a model above", () => {
  const emits = { "pump.alert": { stream: "data", class: "derived" } };
  const cascade = { above: "large", gate: { temperature: 1, threshold: 0.5 }, release: { class: "derived", because: "test" } };
  const egress = [{ class: "derived" }];
  const functions = [fn("judge", "pump.reading", { needs: {}, emits }), fn("sum", "pump.alert", { needs: {} }), fn("plain", "pump.alert")];
  assert.deepEqual(needsOfApp(app({ functions, egress }))?.flows, [{ from: "judge", to: "sum", bytesPerMonth: 0, hands: "up" }]);
  const rated = { "pump.alert": { ...emits["pump.alert"], bytesPerMonth: 4e9 }, "pump.other": { stream: "data", class: "derived", bytesPerMonth: 1e9 } };
  assert.deepEqual(needsOfApp(app({ functions: [fn("judge", "pump.reading", { needs: {}, emits: rated }), fn("sum", "pump.alert", { needs: {} })], egress }))?.flows, [{ from: "judge", to: "sum", bytesPerMonth: 4e9, hands: "up" }], "of the types that it handles");
  const kept = { "pump.alert": { stream: "local", class: "raw" } };
  assert.deepEqual(needsOfApp(app({ functions: [fn("judge", "pump.reading", { needs: {}, emits: kept }), fn("sum", "pump.alert", { needs: {} })] }))?.flows, [{ from: "judge", to: "sum", bytesPerMonth: 0, hands: "here" }], "what stays in `local` leaves no node");
  assert.equal(needsOfApp(app({ functions }))?.flows[0]?.hands, "here", "nor does what the app asks for no way out for");
  const models = [{ name: "small", graph: blob, cascade }, { name: "large", graph: blob, answers: { tier: "cloud" }, needs: { memoryBytes: 1e9 } }];
  const asking = needsOfApp(app({ functions: [fn("judge", "pump.reading", { needs: {}, models: ["small"] })], models }));
  assert.deepEqual([asking?.flows, asking?.units.find(({ name }) => name === "large")?.tiers], [[{ from: "judge", to: "large", bytesPerMonth: 0, asks: true }], ["cloud"]]);
});

test("a model that answers stands on the tier that it names, or on any of those that its needs name", () => {
  const tiers = (needs: object) => needsOfApp(app({ models: [{ name: "large", graph: blob, answers: { tier: "cloud" }, needs }] }))?.units[0]?.tiers;
  assert.deepEqual([tiers({}), tiers({ tiers: ["edge", "cloud"] })], [["cloud"], ["edge", "cloud"]]);
});

test("needs that nobody could meet are told by name", () => {
  assert.match(needsProblem(app({ models: [{ name: "large", graph: blob, needs: {} }] })) ?? "", /model large has needs and answers nobody/);
  assert.match(needsProblem(app({ functions: [fn("large", "a.b", { needs: {} })], models: [{ name: "large", graph: blob, needs: {}, answers: {} }] })) ?? "", /both called large/);
  const of = (needs: object): string => needsProblem(app({ functions: [fn("sum", "a.b", { needs })] })) ?? "";
  assert.match(of({ sources: [{ site: "plant" }, { site: "plant" }] }), /sum names a site twice/);
  assert.match(of({ providers: [] }), /names no execution provider/);
  for (const well of [{}, { job: { hours: 1, schedule: { cron: "0 * * * *", zone: "UTC" } } }, { sources: [{ site: "plant" }, { site: "mine" }], providers: ["cpu"] }]) assert.equal(of(well), "");
});
