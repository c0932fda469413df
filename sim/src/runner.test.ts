import assert from "node:assert/strict";
import { test } from "node:test";
import { eventsOf, fails, programOf, runnerContract } from "./contracts/runner.ts";
import { createRunner } from "./runner.ts";

runnerContract("sim", async (program) => {
  const runner = createRunner();
  await runner.prepare(program.name, program.code);
  return runner.start(program);
});

test("a program that was not prepared is refused", () => fails(createRunner().start(programOf("")), "HOLON_UNIT_BAD", /probe was not prepared/));

test("after it was prepared, all resolves in microtasks", async () => {
  const runner = createRunner();
  const program = programOf(`await null; context.emit("out.made",{data:1});`);
  await runner.prepare(program.name, program.code);
  let outputs = 0;
  void runner.start(program).then((unit) => unit.handle(eventsOf(1, 2)).then((result) => (outputs = result.outputs.length)));
  // The queue of microtasks is drained before the next turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(outputs, 2);
});
