import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLinks } from "./links.ts";

const other = { path: "docs/guides/other.md", text: "# Other\n## Take a *look*: `at` it\n## Same\n## Same\n```\n# not a heading\n```\n" };
const paths = ["docs/page.md", other.path, "core/src/errors.ts", "README.md"];
const problems = (text: string): readonly string[] =>
  checkLinks([{ path: "docs/page.md", text }, other], paths).map(({ line, message }) => `${line} ${message}`);

test("a link that resolves passes", () => {
  assert.deepEqual(problems("[a](guides/other.md) [b](../README.md) [c](../core/src) [d](../core/src/errors.ts) [e](https://example.org/x)"), []);
  assert.deepEqual(problems("[a](guides/other.md#take-a-look-at-it) [b](guides/other.md#same-1)\n# Here\n[c](#here)"), []);
});

test("a dead link is found, with its line", () => {
  assert.deepEqual(problems("one\n[a](guides/gone.md)"), ["2 link to a file that is not there: guides/gone.md"]);
  assert.deepEqual(problems("[a](/docs/page.md)"), ["1 link from the root of a server: /docs/page.md"]);
  assert.deepEqual(problems("[a]\n\n[a]: gone.md"), ["3 link to a file that is not there: gone.md"]);
  assert.equal(problems("[a](guides/other.md#not-a-heading)").length, 1);
  assert.equal(problems("[a](guides/other.md#same-2)").length, 1);
});

test("links in code are examples", () => {
  assert.deepEqual(problems("`[a](gone.md)`\n```md\n[a](gone.md)\n```\n"), []);
});
