/** Holders of a publisher's keys on machines of their own: the next root goes from one to the other, and no two keys meet. */
import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { z } from "zod";
import { runHolon } from "./testing/holon-process.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";

const turn = takesTurns(2);
const shownSchema = z.object({
  offline: z.array(z.object({ id: z.string() })),
  online: z.object({ id: z.string() }),
  rootVersion: z.int(),
  waitingRoot: z.union([z.null(), z.object({ refused: z.string() }), z.object({ version: z.int(), removed: z.array(z.string()), byBefore: z.object({ signed: z.array(z.string()) }) })]),
});

turn("holders apart, two of three: one takes a key out with his own alone, the other sees what the next root changes and signs it, and an altered one is refused", async (context) => {
  const folder = tempFolder(context);
  const [first, second] = [join(folder, "first"), join(folder, "second")];
  const run = (...words: readonly string[]) => runHolon(context, ["publisher", ...words]);
  const show = async (place: string) => shownSchema.parse(JSON.parse((await run("show", place, "--json")).stdout));
  assert.equal((await run("init", first, "--keys", "3", "--threshold", "2")).exitCode, 0);
  const { offline, online } = await show(first);
  const [own, others, goes] = offline.map(({ id }) => id);
  const keyFile = (id: string | undefined): string => join("keys", `${id?.slice(0, 16)}.json`);
  cpSync(first, second, { recursive: true });
  for (const id of [others, goes]) rmSync(join(first, keyFile(id)));
  for (const id of [own, goes, online.id]) rmSync(join(second, keyFile(id)));

  const begun = await run("remove", first, goes?.slice(0, 12) ?? "");
  assert.equal(begun.exitCode, 1);
  assert.match(begun.stderr, new RegExp(`HOLON_SIGNATURE_UNMET.*root 2 has 1 of 2 signatures \\(${own?.slice(0, 12)}\\).*it lacks 1 more of ${others?.slice(0, 12)}[^]*Carry pending/ .*holon publisher sign`));
  const { waitingRoot } = await show(first);
  assert.deepEqual(waitingRoot, { version: 2, removed: [goes], byBefore: { signed: [own] } });

  const [from, to] = [join(first, "pending", "root.json"), join(second, "pending", "root.json")];
  writeFileSync(to, readFileSync(from, "utf8").replaceAll("\"expires\":\"203", "\"expires\":\"204"));
  const altered = await run("sign", second);
  assert.deepEqual([altered.exitCode, altered.stdout], [1, ""]);
  assert.match(altered.stderr, /HOLON_SIGNATURE_MIXED/);
  assert.doesNotMatch(altered.stderr, /key removed/);
  assert.match((await run("show", second)).stdout, /waits, and gets no signature: HOLON_SIGNATURE_MIXED/);

  cpSync(from, to);
  const signed = await run("sign", second);
  assert.match(signed.stderr, new RegExp(`signs root 2, in place of root 1:\\n  key removed  ${goes}\\n  must sign    2, as before\\n  online key   \\w{64}, ${online.id} before\\n  expires      20`));
  assert.match(signed.stderr, /HOLON_SIGNATURE_UNMET.*signed by as many as must, and waits for its online key[^]*Carry pending\/ to who began/);
  cpSync(to, from);
  const done = await run("sign", first);
  assert.equal(done.exitCode, 0, done.stderr);
  assert.match(done.stdout, /root 2, 2 of 2 keys must sign/);
  assert.deepEqual([(await show(first)).rootVersion, existsSync(from), existsSync(join(first, keyFile(online.id)))], [2, false, false]);
});

turn("one key with a threshold of one signs its next root at once; with another holder the threshold rises", async (context) => {
  const keys = join(tempFolder(context), "keys");
  const run = (...words: readonly string[]) => runHolon(context, ["publisher", ...words]);
  await run("init", keys);
  const bad = await run("add", keys, "--threshold", "3");
  assert.match(bad.stderr, /HOLON_ARGUMENT_BAD.*3 of 2 keys cannot be/);
  const added = await run("add", keys, "--threshold", "2");
  assert.deepEqual([added.exitCode, added.stderr], [0, ""]);
  assert.match(added.stdout, /root 2, 2 of 2 keys must sign/);
  assert.equal((await run("rotate", keys)).exitCode, 0);
  assert.equal(existsSync(join(keys, "pending", "root.json")), false);
});
