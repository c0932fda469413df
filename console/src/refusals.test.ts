import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalsOf } from "./refusals.ts";

test("why a way was not told is said once for the beginning and the end", () => {
  const at = "2026-01-01T00:00:00.000Z";
  const told = (["ops", "mail"] as const).flatMap((route) => (["firing", "resolved"] as const).map((state) => ({ route, state, at, refused: "it was silenced" })));
  assert.deepEqual(refusalsOf([...told, { route: "siren", state: "firing", at }]), [{ route: "ops", why: "it was silenced" }, { route: "mail", why: "it was silenced" }]);
});
