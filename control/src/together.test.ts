import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { ControlFleet } from "./testing/control-fleet.ts";

const app = (name: string, countMin: number): AppDocument =>
  appDocumentSchema.parse({
    name,
    version: "1",
    sources: [{ kind: "host", name: "door", type: "door.passed", class: "personal" }],
    functions: [],
    models: [],
    reductions: [{ kind: "aggregate", name: "told", on: "door.passed", emits: `${name}.told`, fields: ["minutes"], countMin }],
  });

test("an app that aggregates what another app tells of the same persons is refused, until that is removed", async () => {
  const fleet = await ControlFleet.start([{ name: "cloud", tier: "cloud" }]);
  await fleet.drive(fleet.control.deploy(app("doors", 10)));
  const refused = hasCode("HOLON_APP_BAD", /app gates, beside what is deployed: reduction gates\/told: door.passed is personal, and doors\/told aggregates the same fields/);
  await assert.rejects(fleet.drive(fleet.control.preview(app("gates", 20))), refused);
  await assert.rejects(fleet.drive(fleet.control.deploy(app("gates", 20))), refused);
  await fleet.drive(fleet.control.deploy(app("doors", 20)));
  await fleet.drive(fleet.control.remove("doors"));
  await fleet.drive(fleet.control.deploy(app("gates", 20)));
  await fleet.restart("cloud");
  await assert.rejects(fleet.drive(fleet.control.deploy(app("doors", 10))), hasCode("HOLON_APP_BAD"));
});
