import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { failureWords } from "./failure-words.ts";
import { misfitOf } from "./misfit.ts";

const secret = "Anna Meier 181";
const error = (issue: { readonly input?: unknown }): string => `no: ${String(issue.input)} ${secret}`;

test("what is told of a misfit is what the schema asks for, whoever wrote its words", () => {
  const schemas = { number: z.number({ error }), short: z.string().max(3, { error }), low: z.number().min(200, { error }), above: z.number().gt(200, { error }), mail: z.email({ error }), one: z.literal("b", { error }), own: z.string().refine(() => false, { error }), step: z.number().multipleOf(7, { error }) };
  const data = { number: secret, short: secret, low: 181, above: 181, mail: secret, one: secret, own: secret, step: 181 };
  const told = Object.entries(schemas).map(([name, schema]) => misfitOf(z.object({ [name]: schema }), data)?.told);
  assert.deepEqual(told, ["at number: not number", "at short: more than 3", "at low: less than 200", "at above: 200 or less", "at mail: not of the format email", "at one: invalid value", "at own: custom", "at step: no multiple of 7"]);
  assert.match(misfitOf(z.object({ number: schemas.number }), data)?.full ?? "", /Anna/, "the node itself may see all of it");
});

test("keys that the data brought along are not named, neither on the way nor as what is wrong", () => {
  assert.equal(misfitOf(z.record(z.string(), z.number()), { [secret]: "x" })?.told, "at …: not number");
  assert.equal(misfitOf(z.strictObject({}), { [secret]: "x" })?.told, "at the top: unrecognized keys");
});

test("an error that throws when it is looked at says nothing of what it holds", () => {
  const angry = new Error("x");
  Object.defineProperty(angry, "stack", { get: () => { throw new Error(secret); } });
  const loud = Object.assign(new Error("x"), { toString: () => { throw new Error(secret); } });
  for (const thrown of [angry, loud]) assert.equal(failureWords(thrown), "Error");
});
