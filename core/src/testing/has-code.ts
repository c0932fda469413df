/** For `assert.rejects` and `assert.throws`: an error of ours with this code, and a message that says so much. */
import assert from "node:assert/strict";
import { HolonError, type ErrorCode } from "../errors.ts";

export const hasCode = (code: ErrorCode, naming = /./) => (error: unknown): true => {
  assert.ok(error instanceof HolonError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, naming);
  return true;
};
