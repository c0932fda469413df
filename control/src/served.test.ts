import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { SimRepository } from "@holon/sim/trust.ts";
import { app, ControlFleet } from "./testing/control-fleet.ts";

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

test("another publisher's root, and apps that nobody signed, are said: to who brings them, and to the next who deploys, until they are removed", async () => {
  const fleet = await ControlFleet.start([{ name: "cloud", tier: "cloud" }]);
  const [honest, evil] = [new SimRepository("honest"), new SimRepository("evil")];
  const target = { hash: "0".repeat(64), lengthBytes: 1 };
  const serve = async (repository: SimRepository, signed: readonly string[], name?: string): Promise<readonly string[]> => {
    repository.publish(Object.fromEntries(signed.map((path) => [path, target])));
    return fleet.drive(fleet.control.publish(await upload(fleet, repository), name === undefined ? undefined : app(name)));
  };
  const version = app("pump").version;
  const [pump, fan] = [`pump/${version}/app.json`, `fan/${version}/app.json`];
  assert.deepEqual(await serve(honest, [pump], "pump"), []);
  honest.rotate();
  assert.deepEqual(await serve(honest, [pump, fan], "fan"), [], "a root that follows");
  await fleet.drive(fleet.control.remove("fan"));
  const [root, left, ...none] = await serve(evil, [`evilapp/${version}/app.json`], "evilapp");
  assert.match(root ?? "", /of another root than those served until now: nodes that pin that one refuse these/);
  assert.match(left ?? "", new RegExp(`^app pump ${version} is deployed, and not among what this publisher signed: .*`));
  assert.deepEqual(none, []);
  const [back, held] = await serve(honest, [pump, fan], "fan");
  assert.match(back ?? "", /of another root/);
  assert.match(held ?? "", /^app evilapp .*`holon app remove evilapp`/);
  assert.deepEqual((await serve(honest, [pump, fan])).map((line) => line.split(" is ")[0]), [`app evilapp ${version}`], "also when nothing else is said");
  await fleet.drive(fleet.control.remove("evilapp"));
  assert.deepEqual(await serve(honest, [pump, fan]), []);
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
