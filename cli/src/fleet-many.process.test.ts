/**
 * One real control plane with thousands of nodes in its log, byte for byte as links would have brought them, and more of them telling every moment; another process asks its API meanwhile.
 * With HOLON_FLEET=10000 on a quiet machine it holds the times that are promised; otherwise it is a small fleet, and the figures are told alone. `npm run bench -- fleet` measures the same.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { objectiveListAnswerSchema } from "@holon/core/alert/objective-row.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { z } from "zod";
import { onItsTurn } from "../../scripts/testing/turns.ts";

const asked = process.env["HOLON_FLEET"];
const nodes = Number(asked ?? 300);
const p99Ms = 50;
const [warmUp, rounds] = asked === undefined ? [1, 20] : [10, 200];
const readySchema = z.object({ api: z.string(), token: z.string(), residentBytes: z.number() });
const askedSchema = z.record(z.string(), z.object({ times: z.array(z.number()), bytes: z.number(), bytesEach: z.array(z.number()) }));
const whole = "/v1/continuum?limit=5000";
const paths = ["/v1/nodes?limit=100", `/v1/nodes/n-${nodes - 1}`, "/v1/fleet?limit=100", "/v1/sites?limit=100", "/v1/apps", "/v1/alerts?limit=50", "/v1/objectives?limit=100", "/v1/series?name=holon.log.records", "/v1/plan/moves", "/v1/continuum", "/v1/continuum?limit=2000", "/v1/continuum?run={run}&since={revision}"];

const program = (name: string): string => fileURLToPath(new URL(`testing/${name}`, import.meta.url));
const at = (values: readonly number[], share: number): number => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(share * values.length) - 1)] ?? Number.NaN;

test(`control answers for ${nodes} nodes while they tell`, onItsTurn(1, 2), async (context) => {
  const control = spawn(process.execPath, [program("many-nodes-control.ts"), tempFolder(context), String(nodes)], { stdio: ["pipe", "pipe", "inherit"] });
  context.after(async () => {
    control.stdin.end();
    if (control.exitCode === null) await once(control, "exit");
  });
  const lines = createInterface({ input: control.stdout })[Symbol.asyncIterator]();
  const { api, token, residentBytes } = readySchema.parse(JSON.parse(z.string().parse((await lines.next()).value)));
  const asking = spawn(process.execPath, [program("ask-many.ts"), api, token, String(rounds), String(warmUp), ...paths, whole], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  asking.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(asking, "close");
  const answers = askedSchema.parse(JSON.parse(said));
  for (const [path, { times, bytes }] of Object.entries(answers)) context.diagnostic(`${path}: p50 ${at(times, 0.5).toFixed(1)} ms, p99 ${at(times, 0.99).toFixed(1)} ms, ${bytes} bytes`);
  context.diagnostic(`the process holds ${(residentBytes / nodes / 1024).toFixed(1)} KiB of resident memory a node`);
  const response = await fetch(`${api}/v1/objectives?rule=fleet/kept`, { headers: { authorization: `Bearer ${token}` } });
  const { objectives } = objectiveListAnswerSchema.parse(await response.json());
  assert.deepEqual(objectives.map(({ scope, total, completeness }) => [scope, total >= 600 * nodes, completeness.nodes]), [["fleet", true, nodes + 1]]);
  // Now and then all of them change at once: when it is known of all how they stand.
  const changes = answers[paths.at(-1) ?? ""]?.bytesEach ?? [];
  context.diagnostic(`bytes of changes: ${changes.join(" ")}`);
  assert.ok(at(changes, 0.5) < (answers[whole]?.bytes ?? 0) / 2, "who looks again is told what has changed");
  if (asked === undefined) return;
  for (const path of paths) assert.ok(at(answers[path]?.times ?? [], 0.99) <= p99Ms, `${path}: p99 ${at(answers[path]?.times ?? [], 0.99)} ms`);
});
