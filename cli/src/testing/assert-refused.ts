/** What bad input must lead to: a coded error that names the thing and the next step, and nothing else. */
import assert from "node:assert/strict";
import { isErrorCode, type ErrorCode } from "@holon/core/errors.ts";
import type { Ended } from "./holon-process.ts";

/** `names` is what the message must name. Nothing stands on stdout, no line looks like a stack. */
export function assertRefused({ exitCode, signal, stdout, stderr }: Ended, code: ErrorCode, names: RegExp): void {
  assert.deepEqual({ exitCode, signal }, { exitCode: 1, signal: null }, stderr);
  assert.equal(stdout, "");
  const lines = stderr.trimEnd().split("\n");
  const coded = lines.filter((line) => isErrorCode(line.split(":")[0]));
  assert.equal(coded.length, 1, stderr);
  assert.ok(coded[0]?.startsWith(`${code}: `), stderr);
  assert.match(coded[0] ?? "", names);
  assert.equal(lines.at(-2), coded[0], "the error stands last");
  assert.match(lines.at(-1) ?? "", /^ {2}next: \S/);
  assert.doesNotMatch(stderr, /^\s+at\s|node:internal|\.ts:\d/m);
}
