import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunnerEvent, TestResult } from "./events.ts";
import { createWatch, type Watch } from "./watch.ts";

const began = (file: string, name: string): RunnerEvent => ({ kind: "began", file, name });
const passed = (file: string, name: string): RunnerEvent => ({ kind: "result", result: { file, name, outcome: "passed", reason: "" } });
const finished: RunnerEvent = { kind: "finished" };

interface World {
  readonly watch: Watch;
  readonly ended: string[];
  pass(milliseconds: number): void;
}

function watching(files: readonly string[]): World {
  let nowMs = 0;
  const ended: string[] = [];
  const options = {
    fileTimeoutMs: 1000,
    exitTimeoutMs: 100,
    fileEnded: (file: string, results: readonly TestResult[], durationMs: number) => ended.push(`${file} ${results.length} ${durationMs}`),
  };
  return { watch: createWatch(files, options, () => nowMs), ended, pass: (milliseconds) => (nowMs += milliseconds) };
}

const printed = (results: readonly TestResult[]): readonly string[] => results.map(({ file, name, outcome, reason }) => `${file} ${name} ${outcome} ${reason}`.trim());

test("a run that ends well keeps all results and says how long each file took", () => {
  const { watch, ended, pass } = watching(["a", "b"]);
  watch.take(began("a", "1"));
  pass(30);
  watch.take(began("b", "2"));
  pass(40);
  for (const event of [passed("a", "1"), passed("b", "2"), finished]) watch.take(event);
  assert.deepEqual(ended, ["a 1 30", "b 1 40"]);
  assert.equal(watch.overdue(), undefined);
  assert.deepEqual(watch.end(undefined, "exit code 0").results.length, 2);
});

test("a file over its time takes the blame; what was over counts, the rest runs again", () => {
  const { watch, pass } = watching(["a", "b", "c", "d"]);
  watch.take(began("a", "1"));
  watch.take(began("b", "2"));
  watch.take(passed("a", "1"));
  watch.take(passed("b", "2"));
  watch.take(began("c", "3"));
  pass(1000);
  assert.equal(watch.overdue(), undefined);
  pass(1);
  assert.equal(watch.overdue(), "killed after 1 s");
  const { results, notRun } = watch.end("killed after 1 s", "signal SIGKILL");
  assert.deepEqual(printed(results), ["a 1 passed", "c 3 failed killed after 1 s; the rest of the file did not run"]);
  assert.deepEqual(notRun, ["b", "d"], "b was not yet known to be over");
});

test("a process that leaves early fails, with whatever exit code", () => {
  const { watch } = watching(["a"]);
  watch.take(began("a", "1"));
  assert.deepEqual(printed(watch.end(undefined, "exit code 0").results), ["a 1 failed the test process ended with exit code 0; the rest of the file did not run"]);
});

test("what cannot be loaded is nobody's fault among many, and its own alone", () => {
  assert.deepEqual(watching(["a", "b"]).watch.end(undefined, "signal SIGSEGV"), { results: [], notRun: ["a", "b"] });
  assert.match(printed(watching(["a"]).watch.end(undefined, "signal SIGSEGV").results)[0] ?? "", /a while it was loaded failed/);
});

test("a process held open after its last test fails, and says by what", () => {
  const { watch, pass } = watching(["a"]);
  watch.take(began("a", "1"));
  watch.take(passed("a", "1"));
  watch.take({ kind: "idle", resources: ["Timeout"] });
  pass(101);
  const reason = watch.overdue();
  assert.equal(reason, "did not end after its last test; still open: Timeout");
  assert.deepEqual(printed(watch.end(reason, "signal SIGKILL").results), ["a 1 passed", `a after the last test failed ${reason}`]);
});

test("what holds a process after the last report is told; where its loop does not turn any more, that is", () => {
  for (const [event, expected] of [[{ kind: "idle", resources: ["Worker"] }, "did not end after its last test; still open: Worker"], [undefined, "did not end after its last test, though nothing ran and nothing was told to be open"]] as const) {
    const { watch, pass } = watching(["a"]);
    for (const before of [began("a", "1"), passed("a", "1"), finished]) watch.take(before);
    if (event !== undefined) watch.take(event);
    pass(90);
    assert.equal(watch.overdue(), undefined);
    pass(11);
    assert.equal(watch.overdue(), expected);
    assert.deepEqual(printed(watch.end(expected, "signal SIGKILL").results), ["a 1 passed", `a after the last test failed ${expected}`]);
  }
});

test("a bad exit code without a failed test is a failure", () => {
  const { watch } = watching(["a"]);
  for (const event of [began("a", "1"), passed("a", "1"), finished]) watch.take(event);
  assert.deepEqual(printed(watch.end(undefined, "exit code 7").results), ["a 1 passed", "a after the last test failed the test process ended with exit code 7"]);
});
