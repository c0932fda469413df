import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError, type ErrorCode } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { denseGraph } from "@holon/core/model/dense.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { modelDocumentSchema, type ModelDocument } from "@holon/core/schema/model.ts";
import { ControlFleet } from "../testing/control-fleet.ts";
import { createFold } from "./fold.ts";

const graph = writeOnnx(denseGraph({ name: "digits", layers: [4, 3, 2] }, () => 0.4));
const absent = "0".repeat(64);

async function documentOf(fleet: ControlFleet, change: Partial<ModelDocument> = {}): Promise<ModelDocument> {
  const hash = await fleet.drive(fleet.control.blobs.put(graph));
  return modelDocumentSchema.parse({ apiVersion: "holon/v1", kind: "Model", name: "digits", graph: hash, licence: "Apache-2.0", inputs: [{ name: "x", shape: ["n", 4] }], outputs: [{ name: "y", shape: ["n", 2] }], metrics: { accuracy: 0.9 }, lineage: { method: "trained" }, ...change });
}

test("a version is registered once, by its content, and found again after a restart and by a new fold", async () => {
  const fleet = await ControlFleet.start();
  const first = await fleet.drive(fleet.control.registerModel(await documentOf(fleet)));
  assert.match(first.version, /^[0-9a-f]{16}$/);
  assert.deepEqual(await fleet.drive(fleet.control.registerModel(await documentOf(fleet))), first);
  const small = await fleet.drive(fleet.control.registerModel(await documentOf(fleet, { lineage: { method: "int8-dynamic", parent: first.version, lostPoints: 0.1, lostPointsMax: 0.3 } })));
  assert.notEqual(small.version, first.version);
  const models = canonicalJson(fleet.control.models());
  assert.equal(fleet.control.models().length, 2);
  await fleet.restart("cloud");
  assert.equal(canonicalJson(fleet.control.models()), models);
  const fold = createFold(fleet.log);
  await fleet.drive(fold.catchUp());
  assert.equal(canonicalJson([...fold.state.models.values()]), models);
});

test("what does not hold is refused by its code, and nothing is registered", async () => {
  const fleet = await ControlFleet.start();
  const refused: readonly (readonly [Partial<ModelDocument>, ErrorCode, RegExp])[] = [
    [{ graph: absent as ModelDocument["graph"] }, "HOLON_BLOB_MISSING", /digits names blob 0000/],
    [{ lineage: { method: "prune", parent: "0123456789abcdef" } }, "HOLON_MODEL_MISSING", /version 0123456789abcdef/],
    [{ lineage: { method: "prune", lostPoints: 0.4, lostPointsMax: 0.3 } }, "HOLON_MODEL_WORSE", /loses 0\.4 points; 0\.3 are allowed/],
    [{ lineage: { method: "prune", lostPoints: 0.1 } }, "HOLON_MODEL_WORSE", /0 are allowed/],
    [{ inputs: [{ name: "x", shape: ["n", 5] }] }, "HOLON_MODEL_DOCUMENT_BAD", /inputs x \[n, 4\], not x \[n, 5\]/],
    [{ outputs: [{ name: "z", shape: ["n", 2] }] }, "HOLON_MODEL_DOCUMENT_BAD", /outputs/],
  ];
  for (const [change, code, naming] of refused) {
    const document = await documentOf(fleet, change);
    await assert.rejects(fleet.drive(fleet.control.registerModel(document)), (error) => error instanceof HolonError && error.code === code && naming.test(error.message), code);
  }
  const text = await fleet.drive(fleet.control.blobs.put(new TextEncoder().encode("no graph")));
  await assert.rejects(fleet.drive(fleet.control.registerModel({ ...(await documentOf(fleet)), graph: text })), (error) => error instanceof HolonError && error.code === "HOLON_MODEL_NOT_ONNX");
  assert.deepEqual(fleet.control.models(), []);
});

test("another node's trail registers nothing", async () => {
  const fleet = await ControlFleet.start();
  await fleet.claim("gateway-1", "holon.model.registered", { version: "0123456789abcdef", document: await documentOf(fleet) });
  await fleet.until("it is heard", () => fleet.hasHeard("gateway-1"));
  assert.deepEqual(fleet.control.models(), []);
});
