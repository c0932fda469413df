/** What is known of a node is asked where control is, as people do: the node is on another machine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { z } from "zod";
import { assertRefused } from "./testing/assert-refused.ts";
import { runHolon } from "./testing/holon-process.ts";
import { isOpen, Machines, plant } from "./testing/machines.ts";
import { until } from "./testing/wait.ts";

const rowSchema = z.looseObject({ inventory: z.looseObject({ capacity: z.looseObject({ processors: z.number() }), uplink: z.looseObject({ latencyMs: z.looseObject({}) }) }).nullable() });
const toldSchema = z.object({ node: z.string(), heardMs: z.number(), known: z.array(z.object({ what: z.string(), value: z.string().nullable(), asOfMs: z.number().nullable(), source: z.string().nullable(), stale: z.boolean() })) });

test("a node of another machine is shown over its links, and while it is away as it told last", async (context) => {
  const machines = new Machines(context);
  const { data } = machines;
  const elsewhere = tempFolder(context);
  const cloud = await machines.start({ ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0" });
  await machines.enroll(await machines.invite(cloud, "gateway-1"), "--data", elsewhere);
  const show = (...words: readonly string[]) => runHolon(context, ["node", "show", ...words, "--api", cloud.api, "--data", data]);
  assertRefused(await show("gateway-1"), "HOLON_NODE_UNKNOWN", /gateway-1 is enrolled, and was never heard yet/);
  await machines.enroll(await machines.invite(cloud, "gateway-2"), "--data", elsewhere);
  await machines.holon("node", "revoke", "gateway-2", "--because", "it was stolen", "--api", cloud.api, "--data", data);
  assertRefused(await show("gateway-2"), "HOLON_NODE_UNKNOWN", /gateway-2 was enrolled and revoked, and never heard/);
  const gateway = await machines.start({ ...plant, name: "gateway-1", tier: "gateway", parent: cloud.node.address, inventory: { prices: { perProcessorHour: 0.02 } } }, elsewhere);
  await until("the gateway is linked", isOpen(gateway));
  // A link is open before control has read what came over it.
  await until("control has heard of it", async () => (await show("gateway-1")).exitCode === 0);
  const { exitCode, stdout, stderr } = await show("gateway-1");
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^uplink +open$/m);
  assert.match(stdout, /^price of a processor +0\.02 an hour +declared +\d+ s$/m);
  assert.match(stdout, /^link price +unknown +- +-/m);
  assertRefused(await show("gateway-9"), "HOLON_NODE_UNKNOWN", /gateway-9/);

  await until("control has heard of it what it is made of", async () => rowSchema.safeParse(JSON.parse(await machines.holon("node", "list", "--json", "--api", cloud.api, "--data", data))[1]).success);
  await machines.stop(gateway);
  const away = await show("gateway-1");
  assert.equal(away.exitCode, 0, away.stderr);
  assert.match(away.stderr, /^HOLON_DIAGNOSIS_AWAY: gateway-1 .*; this is what it told last\n {2}next: \S/m);
  assert.match(away.stdout, /^last record +\d+ s ago$/m);
  assert.match(away.stdout, /^trust +enrolled +certificate +\d+ s$/m);
  assert.match(away.stdout, /^processors +\d+ +measured +\d+ s$/m);
  assert.match(away.stdout, /^price of a processor +0\.02 an hour +declared +\d+ s$/m);
  const told = toldSchema.parse(JSON.parse((await show("gateway-1", "--json")).stdout));
  assert.deepEqual(told.known.filter(({ what }) => what === "price of a processor").map(({ value, source, stale }) => [value, source, stale]), [["0.02 an hour", "declared", false]]);
  assert.deepEqual(told.known.filter(({ what }) => what.startsWith("curve")), [], "control does not say of them here that they are unknown");
});
