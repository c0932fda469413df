/** What is told of a function that fails quotes nothing of what it was given: not to who looks at it, nor in telemetry. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FunctionBed } from "../testing/function-bed.ts";

const reading = "AnnaExample";
const bodies = {
  words: `throw new TypeError("cannot read "+event.data)`,
  name: `throw Object.assign(new Error("no"),{name:event.data})`,
  thing: `throw event.data`,
  shared: `context.shared.counter(event.data).add(1)`,
  model: `context.models[event.data].run({})`,
  rewritten: `try { context.secrets.get("none") } catch (error) { error.message=event.data; throw error }`,
  code: `try { context.secrets.get("none") } catch (error) { Object.defineProperty(error,"code",{value:event.data}); throw error }`,
};

test("whatever a function throws, what it was given stays on the node", async () => {
  const functions = Object.entries(bodies).map(([name, body]) => ({ name, on: { type: "in.came" }, body, extra: { retriesMax: 0 } }));
  const bed = await FunctionBed.open({ functions, app: { tracing: { share: 1, spansPerSecondMax: 50 } } });
  await bed.send("in.came", { data: reading });
  const all = Object.keys(bodies).length;
  await bed.until("all are set aside", () => bed.node.failedEvents().length === all);
  const messages = new Map(bed.node.failedEvents().map(({ function: name, message }) => [name, message]));
  const told = [...(await bed.events("telemetry", "holon.function.failed")), ...(await bed.events("telemetry", "holon.trace.span"))];
  assert.equal(told.length, 2 * all);
  const everything = [JSON.stringify(told), JSON.stringify(bed.node.status()), JSON.stringify([...messages]), JSON.stringify(bed.notes)].join("\n");
  assert.ok(!everything.includes(reading), everything.slice(Math.max(0, everything.indexOf(reading) - 300), everything.indexOf(reading) + 40));
  assert.match(messages.get("words") ?? "", /function app\/words threw on event \S+: TypeError at \d+:\d+$/);
  assert.match(messages.get("name") ?? "", /: Error at \d+:\d+$/);
  assert.match(messages.get("shared") ?? "", /: HOLON_SHARED_BAD /);
  assert.match(messages.get("rewritten") ?? "", /: HOLON_UNIT_BAD .*secret/);
});
