import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutForeignWords } from "../diagnosis/redact.ts";
import { errorTable, isErrorCode } from "../errors.ts";
import { fromSandbox } from "./crossing.ts";

const planted = "erika-mustermann-1967";

test("whatever code a function makes up for its failure, its words are in nothing that leaves the node", () => {
  for (const code of Object.keys(errorTable)) {
    if (!isErrorCode(code)) continue;
    for (const message of [`leak ${planted}: and more`, `function app/${planted}: and more`, `says ${planted}`]) {
      const error = fromSandbox({ code, message, next: planted, said: planted });
      assert.ok(!withoutForeignWords(error.message, error.code).includes(planted), `${code}: ${error.message}`);
      assert.ok(error.cause instanceof Error && error.cause.message.includes(planted), "on the node it is had");
    }
  }
});

test("a function cannot fail by a code that makes its node wait, or begin again at once", () => {
  const codes = new Set(Object.keys(errorTable).map((code) => fromSandbox({ code, message: "", next: "", said: undefined }).code));
  assert.deepEqual([...codes].sort(), ["HOLON_SHARED_BAD", "HOLON_SHARED_FULL", "HOLON_STATE_TOO_LARGE", "HOLON_UNIT_BAD", "HOLON_UNIT_DIED", "HOLON_UNIT_THREW"]);
});
