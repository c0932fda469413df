import assert from "node:assert/strict";
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { z } from "zod";
import { readToken } from "./machine/token.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { freePortBase } from "./testing/free-ports.ts";
import { repository, runHolon, startHolon } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

const guide = /^```policy[^\n]*\n([^]*?)^```$/m.exec(readFileSync(join(repository, "docs/concepts/residency.md"), "utf8"))?.[1] ?? "";
const inForceSchema = z.object({ name: z.string(), version: z.int(), hash: z.string().nullable(), documentVersion: z.int() });
const auditSchema = z.object({ violations: z.array(z.string()), lanes: z.array(z.object({ lane: z.string(), records: z.int() })), left: z.array(z.looseObject({ node: z.string(), lane: z.string(), rule: z.string(), allow: z.boolean(), records: z.int() })) });

test("a policy is tested and explained from its file, without a node", async (context) => {
  const file = join(tempFolder(context), "plant.policy");
  writeFileSync(file, guide);
  const tested = await runHolon(context, ["policy", "test", file]);
  assert.equal(tested.exitCode, 0, tested.stderr);
  assert.match(tested.stdout, /plant 1: \d+ rules, (\d+) of \1 expectations hold/);
  const ask = ["policy", "explain", "--file", file, "--who", "node edge-1", "--does", "leave", "--class", "aggregate", "--from", "EU/DE/NW", "--to", "US"];
  const denied = await runHolon(context, ask);
  assert.match(denied.stdout, /^deny: no rule of policy plant 1 lets node edge-1 leave of class aggregate from EU\/DE\/NW to US\n/);
  assert.match(denied.stdout, /permit +totals-to-america +not: through/);
  const allowed = await runHolon(context, [...ask, "--through", "aggregate count 50", "--json"]);
  assert.equal(z.looseObject({ rule: z.string() }).parse(JSON.parse(allowed.stdout)).rule, "totals-to-america");
  assertRefused(await runHolon(context, [...ask, "--through", "magic"]), "HOLON_ARGUMENT_BAD", /magic is no transform/);
  writeFileSync(file, guide.replace("expect deny default", "expect allow"));
  const unmet = await runHolon(context, ["policy", "test", file]);
  assert.match(unmet.stdout, /^NOT MET/m);
  assertRefused({ ...unmet, stdout: "" }, "HOLON_POLICY_UNMET", /plant\.policy/);
});

test("a policy that is set reaches every node, decides there, and is answered for from the disk", async (context) => {
  const data = tempFolder(context);
  const base = await freePortBase();
  const api = ["--api", `http://127.0.0.1:${base}`, "--data", data];
  const up = startHolon(context, ["up", "--data", data, "--port-base", `${base}`]);
  const authorization = async (): Promise<string> => `Bearer ${(await readToken(data)) ?? ""}`;
  const inForce = async (offset: number): Promise<z.infer<typeof inForceSchema> | undefined> => {
    const response = await fetch(`http://127.0.0.1:${base + offset}/v1/policy/node`, { headers: { authorization: await authorization() } }).catch(() => undefined);
    return response?.ok === true ? inForceSchema.parse(await response.json()) : undefined;
  };
  await until("an app is on every node", async () => {
    assert.ok(up.isRunning(), up.stderr());
    return ((await inForce(6))?.documentVersion ?? 0) > 0;
  });
  assertRefused(await runHolon(context, ["policy", "show", ...api]), "HOLON_POLICY_MISSING", /no policy/);
  const file = join(data, "plant.policy");
  const text = "policy plant 1\npermit what-runs\n  who any\n  does run open use\npermit what-is-made\n  who any\n  does lower\n  into derived aggregate\npermit in-germany\n  who node *\n  does leave\n  class derived aggregate\n  from EU/DE\n  to EU/DE\nforbid no-cutting\n  who any\n  does call\n  what POST/v1/link/*\n";
  writeFileSync(file, text);
  const set = await runHolon(context, ["policy", "set", file, ...api]);
  assert.equal(set.exitCode, 0, set.stderr);
  for (const offset of [0, 4, 6]) await until(`it is in force at ${offset}`, async () => (await inForce(offset))?.name === "plant");
  assert.equal((await runHolon(context, ["policy", "show", ...api])).stdout, text);
  assertRefused(await runHolon(context, ["link", "cut", "gateway-1", ...api]), "HOLON_POLICY_DENIED", /no-cutting .*forbids token machine call POST\/v1\/link\/cut/);
  assertRefused(await runHolon(context, ["policy", "set", file, ...api]), "HOLON_POLICY_BAD", /version 1 of plant is in force/);
  up.signal("SIGINT");
  assert.equal((await up.ended).exitCode, 0);
  const audit = await runHolon(context, ["audit", "verify", join(data, "gateway-1"), "--class", "public", "--site", "plant", "--json"]);
  assert.equal(audit.exitCode, 0, audit.stderr);
  const { violations, left } = auditSchema.parse(JSON.parse(audit.stdout));
  assert.deepEqual(violations, []);
  assert.ok(left.some(({ lane, rule, allow, records }) => lane === "gateway-1/audit" && rule === "base/public" && allow && records > 0), audit.stdout);
  const stray = await runHolon(context, ["audit", "verify", join(data, "gateway-1"), "--class", "public", "--site", "nosuch"]);
  assert.equal(stray.exitCode, 1, "a site that was written wrong is not one that nothing left");
  assert.match(stray.stdout, /no node of site nosuch is in this log: it knows plant/);
  assert.doesNotMatch(stray.stdout, /nothing of class/);
  assertRefused(await runHolon(context, ["audit", "verify", join(data, "gateway-1"), "--class", "public", "--since", "2026-03-02T00:00:00Z", "--until", "2026-03-01T00:00:00Z"]), "HOLON_ARGUMENT_BAD", /before it begins/);
  // Of a node that stopped in order the log is at rest; one that was cut off, or emptied, is none that holds.
  const verify = ["audit", "verify", join(data, "gateway-1")];
  const whole = await runHolon(context, verify);
  assert.match(whole.stdout, /every chain holds: \d+ lanes in 1 segments/);
  assert.doesNotMatch(whole.stdout, /not at rest|torn/);
  const [segment = ""] = globSync(join(data, "gateway-1", "log", "*.seg"));
  const bytes = readFileSync(segment);
  writeFileSync(segment, bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) - 5));
  const torn = await runHolon(context, verify);
  assert.equal(torn.exitCode, 1, torn.stdout);
  assert.match(torn.stdout, /torn end: log\/\d+\.seg from byte \d+ on stands a part of a batch, which a cut of power leaves[^]*every chain holds as far as it is here/);
  rmSync(segment);
  const emptied = await runHolon(context, [...verify, "--class", "aggregate"]);
  assert.equal(emptied.exitCode, 1);
  assert.match(emptied.stdout, /nothing of class aggregate and of that span is in this log\nVIOLATION there is no segment[^]*\n1 violations\n/);
});
