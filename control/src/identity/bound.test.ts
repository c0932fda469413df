import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCrypto } from "@holon/sim/crypto.ts";
import { createBindings } from "./bound.ts";

const chip = (nonce: string) => ({ keyPem: "a key", nonce, proof: "", vouched: "" });

test("answers to questions of control count once each, in whatever order they come", () => {
  const bindings = createBindings({ log: { cell: () => undefined }, clock: createClock(), crypto: createCrypto(), secret: "s" });
  const nonces = Array.from({ length: limits.chipNoncesMax + 3 }, () => bindings.challenge());
  const [first = "", second = "", ...others] = nonces;
  bindings.requireChip("gateway-1", chip(second));
  bindings.requireChip("gateway-1", chip(first));
  for (const nonce of [first, second, `${second}0`, "9.9.9"]) assert.throws(() => bindings.requireChip("gateway-1", chip(nonce)), { code: "HOLON_CHIP_REFUSED" });
  for (const nonce of others.toReversed().slice(0, limits.chipNoncesMax)) bindings.requireChip("gateway-1", chip(nonce));
  bindings.requireChip("gateway-2", chip(first)); // another's are counted by themselves
  const [third] = others;
  for (const nonce of nonces) if (nonce !== third) assert.throws(() => bindings.requireChip("gateway-1", chip(nonce)), { code: "HOLON_CHIP_REFUSED" });
});
