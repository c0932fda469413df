import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema, type AppDocument } from "../schema/app.ts";
import { tellingTogether } from "./together.ts";

const app = (name: string, rule: Record<string, unknown>, source?: string): AppDocument =>
  appDocumentSchema.parse({
    name,
    version: "1",
    sources: source === undefined ? [] : [{ kind: "host", name: "door", type: "door.passed", class: source }],
    functions: [],
    models: [],
    reductions: [{ kind: "aggregate", name: "told", on: "door.passed", emits: `${name}.told`, fields: ["minutes"], ...rule }],
  });

test("two apps' aggregates of a person's readings are one too many, whichever app says that they are personal", () => {
  for (const [one, other] of [["personal", undefined], [undefined, "personal"], ["personal", "raw"]] as const) {
    const [first, second] = [app("first", { countMin: 10 }, one), app("second", { countMin: 20 }, other)];
    assert.match(tellingTogether(second, [first]).join(), /reduction second\/told: door.passed is personal, and first\/told aggregates the same fields/);
    assert.match(tellingTogether(first, [second]).join(), /first\/told/);
  }
  const first = app("first", { countMin: 10 }, "personal");
  assert.deepEqual(tellingTogether(app("second", { fields: ["weight"] }), [first]), []);
  assert.deepEqual(tellingTogether(app("second", { on: "door.weighed" }), [first]), []);
  assert.deepEqual(tellingTogether(app("first", { countMin: 50 }, "personal"), [first]), [], "in its own place");
});

test("of raw readings two apps' windows end together or within one another, and their figures count as one app's do", () => {
  const first = app("first", { everyMs: 60_000, countMin: 10, measures: ["mean", "rms", "deviation"] }, "raw");
  assert.match(tellingTogether(app("second", { everyMs: 61_000 }), [first]).join(), /windows that end elsewhere/);
  assert.deepEqual(tellingTogether(app("second", { everyMs: 3_600_000 }), [first]), []);
  assert.deepEqual(tellingTogether(app("second", { everyMs: 60_000, measures: ["mean", "rms"] }), [first]), [], "no figure that is not told already");
  assert.match(tellingTogether(app("second", { everyMs: 60_000, measures: ["min", "max"], quantiles: [0.5] }), [first]).join(), /6 figures give 10 readings back/);
});

test("an app is not held to what those that are deployed tell without it, nor to what it tells alone", () => {
  const [one, other] = [app("one", { everyMs: 60_000 }, "raw"), app("other", { everyMs: 61_000 })];
  assert.deepEqual(tellingTogether(app("third", { on: "else.came" }), [one, other]), []);
  assert.deepEqual(tellingTogether(app("third", { on: "else.came", countMin: 2 }), [one]), []);
});
