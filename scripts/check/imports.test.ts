import assert from "node:assert/strict";
import { test } from "node:test";
import { importsOf } from "./imports.ts";

const list = (text: string): readonly string[] => importsOf(text).map(({ kind, specifier }) => `${kind} ${specifier ?? "?"}`);

test("finds each form of import", () => {
  assert.deepEqual(list(`import a, { b, type C } from "x";`), ["static x"]);
  assert.deepEqual(list(`import * as a from 'x'`), ["static x"]);
  assert.deepEqual(list(`import {\n  a,\n  b,\n} from "x";`), ["static x"]);
  assert.deepEqual(list(`import type { A } from "x"; export type { B } from "y";`), ["type x", "type y"]);
  assert.deepEqual(list(`import { type A } from "x";`), ["static x"]);
  assert.deepEqual(list(`import type from "x";`), ["static x"]);
  assert.deepEqual(list(`export * from "x"; export { a as b } from "y";`), ["static x", "static y"]);
  assert.deepEqual(list(`import "x";`), ["static x"]);
  assert.deepEqual(list("const a = await import(`x`); type B = import('y').B;"), ["dynamic x", "dynamic y"]);
  assert.deepEqual(list("import(name); import(`./${name}.ts`); require('x'); import.meta.resolve('y')"), [
    "dynamic ?",
    "dynamic ?",
    "dynamic x",
    "dynamic y",
  ]);
});

test("is not misled by comments, strings and members", () => {
  assert.deepEqual(list(`// import a from "x";\n/* import "y" */ const text = 'import z from "z"';`), []);
  assert.deepEqual(list(`door.import("x"); export const from = "x"; export function a() { return "y"; }`), []);
});
