import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { explainAnswerSchema } from "@holon/control/api/plan-routes.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { z } from "zod";
import { readToken } from "./machine/token.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { freePortBase } from "./testing/free-ports.ts";
import { runHolon, startHolon } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";
import { onItsTurn } from "../../scripts/testing/turns.ts";

const nodesSchema = z.object({ nodes: z.array(z.looseObject({ name: z.string(), inventory: z.looseObject({ capacity: z.looseObject({ processors: z.number().optional() }), uplink: z.looseObject({}).optional() }).nullable() })) });
const previewSchema = z.object({ changes: z.array(z.looseObject({ change: z.string(), unit: z.string(), node: z.string() })), refused: z.string().nullable() });
const functionsSchema = z.looseObject({ functions: z.array(z.looseObject({ name: z.string() })) });
const appsSchema = z.object({ apps: z.array(z.looseObject({ name: z.string() })) });

test("three real nodes tell what they are made of; an app with needs is tried, placed and explained", onItsTurn(0, 2), async (context) => {
  const data = tempFolder(context);
  const base = await freePortBase();
  const api = ["--api", `http://127.0.0.1:${base}`, "--data", data];
  const up = startHolon(context, ["up", "--data", data, "--port-base", `${base}`]);
  const holon = (...words: readonly string[]) => runHolon(context, [...words, ...api]);
  const get = async <T>(path: string, schema: z.ZodType<T>, offset = 0): Promise<T | undefined> => {
    const response = await fetch(`http://127.0.0.1:${base + offset}${path}`, { headers: { authorization: `Bearer ${(await readToken(data)) ?? ""}` } }).catch(() => undefined);
    return response?.ok === true ? schema.parse(await response.json()) : undefined;
  };
  await until("all three have told, and an app is deployed", async () => {
    assert.ok(up.isRunning(), up.stderr());
    if (((await get("/v1/apps", appsSchema))?.apps.length ?? 0) === 0) return false;
    const nodes = (await get("/v1/nodes", nodesSchema))?.nodes ?? [];
    return nodes.length === 3 && nodes.every(({ name, inventory }) => (inventory?.capacity.processors ?? 0) > 0 && (name === "cloud-1" || inventory?.uplink !== undefined));
  });
  const explain = async (unit: string, node: string) => (await get(`/v1/plan/explain?unit=${unit}&node=${node}`, explainAnswerSchema))?.text ?? "";
  assert.equal(await explain("pump-watch/judge", "cloud-1"), "pump-watch/judge is not on cloud-1: it runs on every node of tier gateway, and cloud-1 is of tier cloud.");

  const folder = join(data, "totals");
  mkdirSync(folder);
  const manifest = (needs: object): void => writeFileSync(join(folder, "holon.app.json"), JSON.stringify({ name: "totals", functions: [{ name: "sum", module: "sum.ts", needs }] }));
  writeFileSync(join(folder, "sum.ts"), 'export default { kind: "holon.function", on: { type: "pump.alert" }, emits: {}, models: [], run() {} };\n');
  manifest({ sources: [{ site: "plant" }], tiers: ["edge", "cloud"], jurisdictions: ["EU/FR"] });
  const tried = await holon("app", "deploy", folder, "--dry-run");
  assert.equal(tried.exitCode, 1, "a script can ask whether it would be deployed");
  assert.match(tried.stderr, /it would be refused: totals\/sum can run on no node: cloud-1: it stands in EU\/DE, and the unit may run in EU\/FR only/);
  assertRefused(await holon("app", "deploy", folder), "HOLON_PLACEMENT_UNMET", /may run in EU\/FR only/);

  manifest({ sources: [{ site: "plant" }], tiers: ["edge", "cloud"], jurisdictions: ["EU"] });
  const fitting = await holon("app", "deploy", folder, "--dry-run", "--json");
  assert.equal(fitting.exitCode, 0, fitting.stderr);
  const { refused, changes } = previewSchema.parse(JSON.parse(fitting.stdout));
  assert.deepEqual([refused, changes.map(({ change, unit, node }) => `${change} ${unit} ${node}`)], [null, ["+ totals/sum edge-1"]], "near its source, however busy the machine is while the test runs");
  const apps = async () => (await get("/v1/apps", appsSchema))?.apps.map(({ name }) => name).sort();
  assert.deepEqual(await apps(), ["pump-watch"]);
  const deployed = await holon("app", "deploy", folder);
  assert.equal(deployed.exitCode, 0, deployed.stderr);
  assert.deepEqual(await apps(), ["pump-watch", "totals"]);
  const drift: unknown = JSON.parse((await holon("node", "drift", "--json")).stdout);
  assert.ok(Array.isArray(drift) && drift.every((row) => ["version", "policy", "config", "clock", "disk", "inventory"].includes(row.kind)), "where nodes differ from what they are to be, as data");
  assert.match((await holon("plan", "show")).stdout, /^plan holon\/v1\nparent none\ninputs [0-9a-f]{64}\n[^]*\nplace totals\/sum 0 edge-1\n$/);
  assert.match((await holon("plan", "diff")).stdout, /^\+ totals\/sum 0 edge-1\n {4}totals\/sum is on edge-1: /);
  assert.match((await holon("plan", "explain", "totals/sum", "--node", "cloud-1")).stdout, /^totals\/sum is not on cloud-1: it would cost \S+ more a month there than on edge-1, most of it latency/);
  assert.match(await explain("totals/sum", "gateway-1"), /of tier gateway, and the unit is for edge, cloud/);

  const [adopted] = z.array(z.looseObject({ hash: z.string(), because: z.string() })).parse(JSON.parse((await holon("plan", "list", "--json")).stdout));
  assert.equal(adopted?.because, "what is deployed changed");
  const hash = adopted.hash.slice(0, 12);
  assert.match((await holon("plan", "list")).stdout, new RegExp(`^${hash}  .*what is deployed changed$`, "m"));
  assert.match((await holon("plan", "show", hash)).stdout, /\nplace totals\/sum 0 edge-1\n$/);
  assertRefused(await holon("plan", "diff", "newest"), "HOLON_ARGUMENT_BAD", /a plan is named by 8 digits of its hash or more, as `holon plan list` shows them/);
  assert.match((await holon("plan", "explain", "totals/sum", "--node", "gateway-1", "--plan", hash)).stdout, /of tier gateway, and the unit is for edge, cloud/);
  assert.match((await holon("plan", "explain", "pump-watch/host", "--node", "edge-1")).stdout, /stands at every gateway, where readings are born, and edge-1 is of tier edge/);

  const lived = JSON.parse((await holon("plan", "simulate", "--hours", "24", "--faults", "none", "--lose", "edge-1", "--json")).stdout) as { readonly results: { readonly asPlanned: { readonly unservedPercent: number }; readonly replanned: { readonly moves: number; readonly violations: number } }; readonly unknown: readonly string[] };
  assert.deepEqual([lived.results.asPlanned.unservedPercent, lived.results.replanned.violations], [100, 0]);
  assert.ok(lived.unknown.some((what) => what.startsWith("rent of ")), "no price is declared here, and none is made up");
  assert.match((await holon("plan", "simulate", "--hours", "24")).stdout, /^\| as planned \| /m);
  const [there, here] = [await holon("plan", "simulate", "--plan", hash, "--json"), await holon("plan", "simulate", "--plan", hash, "--here", "--json")];
  assert.equal(there.exitCode, 0, there.stderr);
  assert.equal(there.stdout, here.stdout, "control comes to the same as this machine");
  assertRefused(await holon("plan", "simulate", "--lose", "nobody"), "HOLON_NODE_UNKNOWN", /no node nobody/);
  const shown = (await holon("node", "show", "edge-1")).stdout;
  assert.match(shown, /^link bandwidth +(?:unknown|(?:at least )?\S+ MB\/s +measured)/m); // not in its first minute
  assert.match(shown, process.platform === "linux" ? /^accelerators, found +(?:none|\d.*?) +measured/m : /^accelerators, found +unknown/m);
  assert.match(shown, /^execution providers, found +\S/m);
  assert.match(shown, /^curve of carbon +unknown +- +-/m);

  const lab = join(data, "lab");
  mkdirSync(lab);
  writeFileSync(join(lab, "holon.app.json"), JSON.stringify({ name: "lab", functions: [{ name: "train", module: "train.ts", needs: { tiers: ["edge"], job: { hours: 1 } } }] }));
  writeFileSync(join(lab, "train.ts"), 'export default { kind: "holon.function", on: { schedule: { everyMs: 5000 } }, emits: {}, models: [], run() {} };\n');
  const overlapping = /^warning: a run of job train takes 1 h, and the next one is due after 5 s: /m;
  const trial = await holon("app", "deploy", lab, "--dry-run");
  assert.deepEqual([trial.exitCode, overlapping.test(trial.stderr)], [0, true], trial.stderr);
  const jobs = await holon("app", "deploy", lab);
  assert.deepEqual([jobs.exitCode, overlapping.test(jobs.stderr)], [0, true], jobs.stderr);
  await until("a run of the job is told", async () => /^ran lab\/train on edge-1: .*what it saved is unknown: no curve of carbon/m.test((await holon("plan", "show")).stdout));
  assert.match((await holon("plan", "show")).stdout, /^shift lab\/train on edge-1: its run of .* is done at once, .*: no curve of carbon is known there; the next one is due 5 s after it, before it is done, so it waits for no better hours$/m);
  assert.match(await explain("lab/train", "edge-1"), /; its run of .* is done at once/);
  await until("it runs there", async () => (await get("/v1/functions", functionsSchema, 4))?.functions.some(({ name }) => name === "sum") === true);

  const policy = join(data, "nowhere.policy");
  writeFileSync(policy, "policy plant 2\n\npermit on-gateway\n  who node gateway-1 function *\n  does run open use\n");
  const adopting = await holon("policy", "set", policy);
  assert.equal(adopting.exitCode, 0, adopting.stderr);
  const why = /totals\/sum stands nowhere: cloud-1: the policy does not let it run there: .*; edge-1: the policy does not let it run there: /;
  // The job goes on running: a plan with other shifts may have followed at once.
  const since = JSON.parse((await holon("plan", "list", "--json")).stdout) as { readonly hash: string; readonly changed: number }[];
  const diffs = await Promise.all(since.filter(({ changed }) => changed > 0).map(async ({ hash: of }) => (await holon("plan", "diff", of)).stdout));
  assert.ok(diffs.some((diff) => new RegExp(`^- totals/sum 0 edge-1\\n {4}${why.source}`, "m").test(diff)), diffs.join("\n---\n"));
  assert.match((await holon("app", "show", "totals")).stderr, why);
  assert.match((await holon("app", "list")).stderr, /^totals\/sum does not stand where it should: see `holon app show totals`$/m);
  assert.match((await holon("plan", "show")).stderr, why);
  const looked = await holon("doctor");
  assert.deepEqual([looked.exitCode, why.test(looked.stdout)], [1, true], looked.stdout);
  await until("it is an alert, too", async () => /firing .*holon\.unit\.unplaced of totals\/sum at cloud-1/.test((await holon("alert", "list")).stdout));
  up.signal("SIGINT");
  assert.equal((await up.ended).exitCode, 0);
});
