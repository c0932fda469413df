import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema } from "./app.ts";
import { twinProblem } from "./twins.ts";

const blob = "0".repeat(64);
const fn = (name: string, needs?: object) => ({ name, code: blob, on: { type: "a.b" }, emits: {}, ...(needs === undefined ? {} : { needs }) });
const app = (more: object) => appDocumentSchema.parse({ name: "pump", version: "1", functions: [], models: [], ...more });

test("two of one kind and one name are refused, with needs or without; a function and a source may share a name", () => {
  const source = { kind: "host", name: "sum", type: "a.b" };
  assert.equal(twinProblem(app({ functions: [fn("sum"), fn("judge"), fn("sum", {})] })), "two functions are called sum: each has a name of its own");
  assert.equal(twinProblem(app({ models: [{ name: "m", graph: blob }, { name: "m", graph: blob }] })), "two models are called m: each has a name of its own");
  assert.equal(twinProblem(app({ sources: [source, source] })), "two sources are called sum: each has a name of its own");
  assert.equal(twinProblem(app({ functions: [fn("sum"), fn("judge")], sources: [source], models: [{ name: "sum", graph: blob }] })), undefined);
});
