import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../limits.ts";
import { functionKeys, parseKey, printKey } from "./key.ts";

test("what is printed once for each function is what would be printed each time, of more functions than are kept too", () => {
  const keys = functionKeys("holon.function.age");
  const name = fc.stringMatching(/^[a-z]{1,2}$/);
  fc.assert(fc.property(name, name, (app, fn) => assert.equal(keys(app, fn), printKey("holon.function.age", { app, function: fn }))));
  for (let number = 0; number < 2 * limits.telemetryKeysKnownMax + 3; number++) for (const app of ["pump", `app-${number}`]) assert.equal(keys(app, `f-${number}`), printKey("holon.function.age", { app, function: `f-${number}` }));
  assert.equal(keys("pump", "f-0"), keys("pump", "f-0"));
});

test("a key is read back as it was printed", () => {
  fc.assert(fc.property(fc.dictionary(fc.stringMatching(/^[A-Za-z_]\w{0,8}$/), fc.string(), { maxKeys: 4, noNullPrototype: true }), (attributes) => assert.deepEqual(parseKey(printKey("holon.x", attributes)), { name: "holon.x", attributes })));
});
