/** Numbers of documents: whoever says or gives the highest there is, others go on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { keepDesired } from "@holon/node/desired/documents.ts";
import { nodeName } from "@holon/node/testing/sim-family.ts";
import { appOf, SignedFleet } from "./testing/signed-fleet.ts";

const runs = (signed: SignedFleet, word: string, name = "gateway-1") => () => signed.ran.includes(`${name} ${word}`) && signed.machine(name).subject !== undefined && signed.status(name).agent.units.length > 0;
const isSettled = (signed: SignedFleet, name = "gateway-1") => () => signed.status(name).agent.state === "settled";

async function startWithOne(): Promise<SignedFleet> {
  const signed = await SignedFleet.start();
  await signed.release(appOf("one", "1"), "one");
  for (const name of ["gateway-1", "gateway-2"]) await signed.until(`${name} runs what was signed`, runs(signed, "one", name));
  return signed;
}

/** Of that version, and otherwise as it was; past all code of its node, as who has its disk can write it. */
const withVersion = (signed: SignedFleet, name: string, version: number): Uint8Array => {
  const document: object = JSON.parse(new TextDecoder().decode(signed.subject(name).log.cell(`desired/${name}`)));
  return new TextEncoder().encode(canonicalJson({ ...document, version }));
};

test("a stolen node says that it holds the last document there can be: control goes on, and so does every other node", async () => {
  for (const version of [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1]) {
    const signed = await startWithOne();
    await signed.drive(signed.subject("gateway-1").log.append({ cells: [{ key: "desired/gateway-1", value: withVersion(signed, "gateway-1", version) }] }));
    signed.machine("gateway-1").crash("power", 100);
    await signed.until("control has heard it", () => signed.control.nodes().some(({ name, reported }) => name === "gateway-1" && reported?.version === version));
    for (const word of ["two", "one"] as const) await signed.release(appOf(word, word === "two" ? "2" : "3"), word);
    await signed.until("the other node has the newest", () => runs(signed, "one", "gateway-2")() && isSettled(signed, "gateway-2")());
    signed.machine("cloud").crash("power", 100);
    await signed.until("control is back", () => signed.machine("cloud").subject !== undefined);
    await signed.until("nodes are heard again", () => signed.control.nodes().length === 3);
    await signed.release(appOf("two", "4"), "two");
    await signed.until("the other node runs what comes next", () => signed.ran.at(-1) === "gateway-2 two" && isSettled(signed, "gateway-2")());
    assert.equal(signed.control.problem(), undefined);
  }
});

test("a stolen node above: a document of a number far ahead keeps nothing out, when an honest one is above again", async () => {
  const signed = await startWithOne();
  await signed.drive(keepDesired(signed.subject("gateway-1").log, nodeName("gateway-1"), withVersion(signed, "gateway-1", limits.desiredFreeMax)));
  await assert.rejects(signed.drive(keepDesired(signed.subject("gateway-1").log, nodeName("gateway-1"), withVersion(signed, "gateway-1", Number.MAX_SAFE_INTEGER))), { code: "HOLON_FRAME_BAD" });
  signed.machine("gateway-1").crash("power", 100);
  await signed.until("control has heard it", () => signed.control.nodes().some(({ name, reported }) => name === "gateway-1" && reported?.version === limits.desiredFreeMax));
  await signed.release(appOf("two", "2"), "two");
  await signed.until("the next release runs", () => runs(signed, "two")() && isSettled(signed)());
});
