import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { HeldState } from "./held-state.ts";

const half = "x".repeat(limits.unitStateBytesMax / 2);

test("state is bounded by what was stored of it, over batches, keys and starts", () => {
  const held = new HeldState("app/sums", new Map([["a", half]]));
  assert.throws(() => held.take([{ key: "b", value: half }]), { code: "HOLON_STATE_TOO_LARGE" });
  const next = new HeldState("app/sums", new Map([["a", half]]));
  next.take([{ key: "a", value: "1" }, { key: "b", value: half }]);
  next.take([{ key: "b", value: null }, { key: "c", value: half }]);
  next.take([{ key: "c", value: half }]);
  assert.throws(() => next.take([{ key: "d", value: half }]), { code: "HOLON_STATE_TOO_LARGE" });
});

test("who has more from before may have less of it", () => {
  const held = new HeldState("app/sums", new Map([["a", half], ["b", half], ["c", half]]));
  held.take([{ key: "a", value: null }]);
  assert.throws(() => held.take([{ key: "d", value: "1" }]), { code: "HOLON_STATE_TOO_LARGE" });
});
