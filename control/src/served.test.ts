import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { SimRepository } from "@holon/sim/trust.ts";
import { ControlFleet } from "./testing/control-fleet.ts";

async function upload(fleet: ControlFleet, repository: SimRepository): Promise<Readonly<Record<string, BlobHash>>> {
  const files: Record<string, BlobHash> = {};
  for (const [name, bytes] of repository.files()) files[name] = await fleet.drive(fleet.control.blobs.put(bytes));
  return files;
}

test("a version far ahead of what was served is refused, and one below it is said; another online key begins anew", async () => {
  const fleet = await ControlFleet.start([{ name: "cloud", tier: "cloud" }]);
  const publisher = new SimRepository("publisher");
  const serve = async (version: number): Promise<readonly string[]> => {
    publisher.publish({}, { version });
    return fleet.drive(fleet.control.publish(await upload(fleet, publisher)));
  };
  assert.deepEqual(await serve(3), []);
  await assert.rejects(serve(4 + limits.signatureVersionStepMax), hasCode("HOLON_SIGNATURE_AHEAD", /1000004.*3/));
  assert.deepEqual(await serve(3), [], "what was refused is not what is served");
  assert.deepEqual(await serve(3 + limits.signatureVersionStepMax), []);
  const [warning, ...more] = await serve(4);
  assert.match(warning ?? "", /version 4.*1000003.*holon publisher rotate/);
  assert.deepEqual(more, []);
  await serve(900_000);
  publisher.rotate();
  assert.deepEqual(await serve(5), [], "versions of another key are not compared");
  await fleet.restart("cloud");
  assert.match((await serve(4))[0] ?? "", /version 4.*of 5/);
});

test("the first that is served begins at a version that somebody can have signed one by one", async () => {
  const fleet = await ControlFleet.start([{ name: "cloud", tier: "cloud" }]);
  const publisher = new SimRepository("publisher");
  publisher.publish({}, { version: Number.MAX_SAFE_INTEGER - 1 });
  await assert.rejects(fleet.drive(fleet.control.publish(await upload(fleet, publisher))), hasCode("HOLON_SIGNATURE_AHEAD"));
  assert.equal(fleet.control.images(), undefined);
});

test("a root that lacks signatures is not served: it is said how many of how many it has, and whose are missing; what was served before stays", async () => {
  const fleet = await ControlFleet.start([{ name: "cloud", tier: "cloud" }]);
  const root = (version: number, keyids: readonly string[], signers: readonly string[]): object => ({ signed: { version, roles: { root: { keyids, threshold: 2 }, timestamp: {} } }, signatures: signers.map((keyid) => ({ keyid, sig: "" })) });
  const serve = async (files: Readonly<Record<string, object>>): Promise<readonly string[]> => {
    const hashes: Record<string, BlobHash> = {};
    for (const [name, file] of Object.entries(files)) hashes[name] = await fleet.drive(fleet.control.blobs.put(new TextEncoder().encode(JSON.stringify(file))));
    return fleet.drive(fleet.control.publish(hashes));
  };
  const [first, timestamp] = [root(1, ["a", "b", "c"], ["a", "c"]), { signed: { version: 1 } }];
  await serve({ "1.root.json": first, "timestamp.json": timestamp });
  const held = fleet.control.images();
  const cases: readonly (readonly [object, RegExp])[] = [
    [root(2, ["a", "b", "d"], ["a"]), /2\.root\.json has 1 of 2 signatures by its own keys, and lacks 1 more of b, d/],
    [root(2, ["a", "b", "d"], ["a", "d"]), /2\.root\.json has 1 of 2 signatures by the keys of the root before, and lacks 1 more of b, c/],
    [root(2, ["a", "b"], []), /0 of 2 .* lacks 2 more of a, b/],
  ];
  for (const [second, says] of cases) await assert.rejects(serve({ "1.root.json": first, "2.root.json": second, "timestamp.json": timestamp }), hasCode("HOLON_SIGNATURE_UNMET", says));
  assert.deepEqual(fleet.control.images(), held);
  await serve({ "1.root.json": first, "2.root.json": root(2, ["a", "b", "d"], ["a", "c", "b"]), "timestamp.json": timestamp });
});
