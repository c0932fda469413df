import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { makerOf } from "@holon/core/policy/lowering.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import { cellsFrom, forgottenOf, unitStateOf } from "../moving/unit-state.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { openHandedClass, storedBorn } from "./handed-class.ts";

const fn = { name: "keeper", code: "ab".repeat(32), on: { type: "door.passed" }, emits: {}, models: [] };
const appAs = (own: DataClass) => appDocumentSchema.parse({ name: "doors", sources: [{ kind: "host", name: "in", type: "door.passed", class: own, stream: "local" }], functions: [fn], models: [] });
const guard = { lowered: (_: string, from: DataClass) => from };
const logFor = (context: TestContext) => openTempLog(tempFolder(context));
const state = { key: "state/doors/keeper/last", value: new TextEncoder().encode(`"anna"`) };

test("what a unit holds has the class of what it was handed, after a start, on another node, and with an app that calls it less", async (context) => {
  const log = await logFor(context);
  const open = (app = appAs("derived"), on = log) => openHandedClass({ app, maker: makerOf(app, fn), type: "door.passed", log: on, guard });
  const born = open();
  assert.equal(born.maker().from, "derived");
  assert.deepEqual(born.take(["personal"]), ["personal"]);
  assert.deepEqual([born.maker().from, born.told("public"), born.told("personal")], ["personal", "personal", "personal"]);
  await log.append({ cells: [state, ...born.cells()] });
  assert.deepEqual(born.cells(), [], "once");
  for (const app of [appAs("derived"), appAs("public"), appAs("raw")]) assert.equal(open(app).maker().from, "personal");

  const next = await logFor(context);
  await next.append({ cells: cellsFrom(unitStateOf("doors/keeper", "1", log), next) });
  assert.equal(open(appAs("public"), next).maker().from, "personal", "it travels with the state");
  await log.append({ cells: forgottenOf("doors/keeper", log).cells });
  assert.equal(storedBorn("doors/keeper", log), undefined, "and is forgotten with it");
});

test("what an app called the data counts for what was made of them then, though it calls them less now", async (context) => {
  const log = await logFor(context);
  const open = (own: DataClass) => openHandedClass({ app: appAs(own), maker: makerOf(appAs(own), fn), type: "door.passed", log, guard });
  const before = open("personal");
  before.take(["public"]);
  await log.append({ cells: [state, ...before.cells()] });
  assert.equal(open("public").maker().from, "personal");
});

test("a unit that holds nothing begins anew, and what it holds next has its own class", async (context) => {
  const log = await logFor(context);
  const open = () => openHandedClass({ app: appAs("public"), maker: makerOf(appAs("public"), fn), type: "door.passed", log, guard });
  const first = open();
  first.take(["raw"]);
  await log.append({ cells: [state, ...first.cells()] });
  await log.append({ cells: [{ key: state.key, value: null }] });
  assert.deepEqual(unitStateOf("doors/keeper", "1", log).cells, [], "nothing is left that could travel");
  const second = open();
  assert.equal(second.maker().from, "public");
  second.take(["derived"]);
  await log.append({ cells: [state, ...second.cells()] });
  assert.equal(open().maker().from, "derived");
});
