import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assert as assertThat, errorTable, HolonError, isErrorCode, toHolonError } from "./errors.ts";

const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "reference", "errors.md"), "utf8");
const documented = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")), section]),
);

test("every code has its section in docs/reference/errors.md, with the same words", () => {
  for (const [code, { means, next, retriable }] of Object.entries(errorTable)) {
    const section = documented.get(code);
    assert.notEqual(section, undefined, `${code} has no section: run node scripts/errorsPage.ts`);
    assert.deepEqual(section?.split("\n\n").map((part) => part.trim()).slice(1, 4), [means, `**Next:** ${next}`, `**Retriable:** ${retriable ? "yes" : "no"}`], code);
  }
});

test("docs/reference/errors.md has no section that is not a code, and none twice", () => {
  assert.deepEqual([...documented.keys()].filter((code) => !isErrorCode(code)), []);
  assert.equal(page.match(/^## /gm)?.length, Object.keys(errorTable).length);
});

test("codes are named alike, and say in whole sentences what and what next", () => {
  for (const [code, { means, next }] of Object.entries(errorTable)) {
    assert.match(code, /^HOLON_[A-Z]+(_[A-Z]+)*$/);
    for (const sentence of [means, next]) assert.match(sentence, /^[A-Z`].*[.]$/, `${code}: ${sentence}`);
  }
});

/** Met where the command line runs: at its own files, its own data folder, or before an API has answered. What the API's door writes of bad requests is its own. */
const ofCommandLine = new Set(["HOLON_API_UNPROVED", "HOLON_API_UNREACHABLE", "HOLON_ARGUMENT_BAD", "HOLON_CONTROL_ELSEWHERE", "HOLON_DATA_BAD", "HOLON_DATA_IN_USE", "HOLON_DISK_MISSING", "HOLON_DISK_READ_ONLY", "HOLON_SEAL_KEY_OTHER", "HOLON_SOURCE_CHANGED", "HOLON_SOURCE_ROW_BAD"]);

test("what an API answers names a flag only within the command that takes it: who calls has no command line", () => {
  for (const [code, { next }] of Object.entries(errorTable)) if (!ofCommandLine.has(code)) assert.doesNotMatch(next.replaceAll(/`holon [^`]*`/g, ""), /(^|\s)`?--[a-z]/, code);
});

test("an error carries its row, and a better next step where the place knows one", () => {
  const cause = new Error("EADDRINUSE");
  const error = new HolonError("HOLON_PORT_TAKEN", "127.0.0.1:7400 is taken", { cause });
  assert.deepEqual(error.toJSON(), {
    code: "HOLON_PORT_TAKEN",
    message: "127.0.0.1:7400 is taken",
    next: errorTable.HOLON_PORT_TAKEN.next,
    retriable: errorTable.HOLON_PORT_TAKEN.retriable,
  });
  assert.equal(error.cause, cause);
  assert.equal(new HolonError("HOLON_PORT_TAKEN", "taken", { next: "Use 7410." }).next, "Use 7410.");
});

test("whatever is thrown becomes a coded error, once", () => {
  const coded = new HolonError("HOLON_DISK_FULL", "full");
  assert.equal(toHolonError(coded), coded);
  for (const thrown of [new Error("boom"), "boom"]) {
    const error = toHolonError(thrown);
    assert.deepEqual([error.code, error.message, error.cause], ["HOLON_INTERNAL", "boom", thrown]);
  }
  assert.throws(() => assertThat(false, "sequence is dense"), { code: "HOLON_INTERNAL", message: "assertion failed: sequence is dense" });
});
