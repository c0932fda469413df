import assert from "node:assert/strict";
import { test } from "node:test";
import { commentOf, fieldsOf } from "./field-comments.ts";

const source = `/** A function. */
export function isName(text: string): boolean {
  return /[{"']\\/\\*/.test(text) && text.length / 2 < 3; /** Inside. */
}
const base = {
  /** The part that must be good. */
  target: z.number(),
  name: nameSchema, // and more
};
export const cascade = z.strictObject({
  /** Who is asked
   *  about the rest. */
  above: z.string(),
  by: z.array(z.strictObject({ /** Of each. */ milli: z.int(), count: z.int() })),
});
export const shared = z.strictObject({ kind: z.enum(["counter", "set"]), /** Who may have it. */ class: z.string() });
/** Something else. */
export const when = z.strictObject({ above: z.number(), below: z.number() });
`;
const literals = fieldsOf(source);
const said = (names: readonly string[], name: string, kind?: string): string => commentOf(literals, new Map(names.map((one) => [one, one === "kind" ? kind : undefined])), name);

test("a comment is of the field right behind it, and of nothing that follows", () => {
  assert.equal(said(["above", "by"], "above"), "Who is asked about the rest.");
  assert.equal(said(["above", "by"], "by"), "");
  assert.equal(said(["milli", "count"], "milli"), "Of each.");
  assert.equal(said(["target", "name", "kind"], "target"), "The part that must be good.", "of a literal that is spread into another");
  assert.equal(said(["target", "name"], "name"), "");
});

test("a field of the same name elsewhere has what is said there", () => assert.equal(said(["above", "below"], "above"), ""));

test("what is of another kind is not its own", () => {
  assert.equal(said(["kind", "class"], "class", "set"), "Who may have it.");
  assert.equal(said(["kind", "class"], "class", "bulk"), "");
});
