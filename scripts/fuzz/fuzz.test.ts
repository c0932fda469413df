/** A moment of the fuzzing that `npm run fuzz` does for as long as one likes, and what it once found. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { savedInputs } from "./corpus.ts";
import { fuzz, processorMs, tryOne } from "./session.ts";
import { targets } from "./targets.ts";
import { bytesOf, type Target } from "./target.ts";

const seed = Number(process.env["HOLON_SIM_ROTATION"] ?? "0");
const spanMs = 50;

test(`every parser that faces outside refuses with a code what nobody should send (seed ${seed})`, async (context) => {
  let inputs = 0;
  for (const target of targets) {
    const { runs, findings } = await fuzz(target, { seed, spanMs, corpus: savedInputs(target.name) });
    inputs += runs;
    assert.deepEqual(findings.map(({ what, message, input }) => `${what}: ${message}: ${Buffer.from(input).toString("base64")}`), [], target.name);
  }
  context.diagnostic(`${inputs} inputs for ${targets.length} parsers`);
});

const broken = (run: Target["run"]): Target => ({ name: "broken", samples: () => [bytesOf("good")], run });

test("an error without a code, a long wait and much memory are found", async () => {
  const found = async (run: Target["run"]): Promise<string | undefined> => (await tryOne(broken(run), bytesOf("input"))).finding?.what;
  const hold: Uint8Array[] = [];
  assert.deepEqual([
    await found(() => JSON.parse("{")),
    await found(() => { throw new HolonError("HOLON_INTERNAL", "a defect"); }),
    await found(() => { for (const began = processorMs(); processorMs() - began < 1_100; ); }),
    await found(() => hold.push(new Uint8Array(100 << 20))),
    await found(() => { throw new HolonError("HOLON_FRAME_BAD", "as it should be"); }),
  ], ["crash", "crash", "slow", "memory", undefined]);
  const { findings } = await fuzz(broken((input) => { if (input[0] !== 103) throw new TypeError("not g"); }), { seed: 1, spanMs: 3_000, corpus: [] });
  assert.equal(findings[0]?.what, "crash"); // within a share of the time that a busy machine may keep for others
});

test("each parser has inputs of before that led somewhere", () => {
  assert.deepEqual(targets.filter(({ name }) => savedInputs(name).length === 0).map(({ name }) => name), []);
});

test("a parser gets its least of inputs, however short its share", async () => {
  const { runs } = await fuzz(broken(() => undefined), { seed: 1, spanMs: 0, inputsMin: 40, corpus: [] });
  assert.equal(runs, 40);
});

/** Each broke something once. */
const kept: readonly (readonly [target: string, base64: string])[] = [
  // Names in YAML that stand for each other without end.
  ["manifests", Buffer.from("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n").toString("base64")],
  // A request for a certificate whose key is of a curve that is none.
  ["certificate-requests", "MIHPMHcCAQAwFTETMBEGA1UEAxMKSG9sb24gbm9kZTBZMBMGByqGSM49AgECCCqGSM49AwEHA0IABDysvLT5j1AjBQFdkZBGJMNETWey6M1pqe8uMZOdF0/owTZxjcLWwQ5n1qUWELuiZIJmhgHnxZNwbdIHdocXqlOgADAKBggqhkjOPQQDAgNIADBFAiEArZvXlwlqklW0cB1/Vh1ix999F5HFCQGu0Co0LtzqS5wCIGzdzxGdVlfjLWQ9HsJVwnGRxQkBrtAqNC7c6kucAiBs3c8RnVZX4y1kPR7CVcJx+j7asywMnoGdu0a03cc9PQ=="],
];

test("what once broke a parser breaks it no more", async () => {
  for (const [name, base64] of kept) {
    const target = targets.find((candidate) => candidate.name === name);
    assert.ok(target !== undefined, name);
    assert.equal((await tryOne(target, new Uint8Array(Buffer.from(base64, "base64")))).finding, undefined, name);
  }
});
