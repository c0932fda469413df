/** A node whose program was upgraded, as its operator meets it: what it ran goes on, what is new and secrets are held back, each command says so, and adopting ends it. */
import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { z } from "zod";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { readToken } from "./machine/token.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { copyProgram } from "./testing/copied-program.ts";
import { freePortBase } from "./testing/free-ports.ts";
import { runHolon, startHolon, type HolonProcess } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

const statusSchema = z.looseObject({
  measured: z.looseObject({ state: z.string(), adopted: z.looseObject({ by: z.string() }).optional(), held: z.looseObject({ found: z.string(), first: z.array(z.string()) }).optional() }),
  agent: z.looseObject({ problem: z.looseObject({ code: z.string() }).optional(), units: z.array(z.looseObject({ app: z.string(), state: z.string(), handled: z.number(), problem: z.looseObject({ code: z.string() }).optional() })) }),
});
type Status = z.infer<typeof statusSchema>;
const patience = 120_000;

test("after an upgrade that nobody told of a node goes on with what it ran, without secrets and without what is new, until somebody adopts it", onItsTurn(1, 2), async (context) => {
  const data = tempFolder(context);
  const program = copyProgram(join(data, "program"));
  const base = await freePortBase();
  const file = join(data, "holon.node.yaml");
  writeFileSync(file, "{ name: cloud-1, site: cloud, tier: cloud, jurisdiction: EU/DE, control: true }\n");
  mkdirSync(join(data, "cloud-1"), { mode: 0o700 });
  writeFileSync(join(data, "cloud-1", "secrets.json"), JSON.stringify({ key: "a secret of sixteen" }), { mode: 0o600 });
  const api = ["--api", `http://127.0.0.1:${base}`, "--data", data];
  const holon = (...words: readonly string[]) => runHolon(context, [...words, ...api]);
  const status = async (): Promise<Status | undefined> => {
    const response = await fetch(`http://127.0.0.1:${base}/v1/status`, { headers: { authorization: `Bearer ${(await readToken(data)) ?? ""}` } }).catch(() => undefined);
    return response?.ok === true ? statusSchema.parse(await response.json()) : undefined;
  };
  const unit = async (app: string) => (await status())?.agent.units.find((one) => one.app === app);
  const deploy = async (name: string, secrets: readonly string[] = []): Promise<void> => {
    const folder = join(data, name);
    mkdirSync(folder);
    writeFileSync(join(folder, "holon.app.json"), JSON.stringify({ name, functions: [{ name: "beat", module: "beat.ts", run: { tier: "cloud" }, ...(secrets.length === 0 ? {} : { secrets }) }] }));
    writeFileSync(join(folder, "beat.ts"), 'export default { kind: "holon.function", on: { schedule: { everyMs: 1000 } }, emits: {}, models: [], run() {} };\n');
    const { exitCode, stderr } = await holon("app", "deploy", folder);
    assert.equal(exitCode, 0, stderr);
  };
  const start = async (): Promise<HolonProcess> => {
    const node = startHolon(context, ["node", "start", file, "--data", data, "--listen-api", `127.0.0.1:${base}`], program);
    await until("it runs", () => node.stdout().includes("cloud-1 runs") || !node.isRunning(), patience);
    assert.ok(node.isRunning(), node.stderr());
    return node;
  };
  const stop = async (node: HolonProcess): Promise<void> => {
    node.signal("SIGTERM");
    assert.equal((await node.ended).exitCode, 0);
  };

  let node = await start();
  await until("its first start has adopted what it found", async () => (await status())?.measured.state === "adopted", patience);
  assert.equal((await status())?.measured.adopted?.by, "first start");
  await deploy("ticks");
  await deploy("mail", ["key"]);
  await until("both run", async () => ((await unit("ticks"))?.handled ?? 0) > 0 && ((await unit("mail"))?.handled ?? 0) > 0, patience);
  await stop(node);

  const altered = join(data, "program", "core", "src", "units.ts");
  const before = readFileSync(altered);
  appendFileSync(altered, "// of 1.1\n");
  node = await start();
  const heldBack = async (): Promise<boolean> => {
    const mail = await unit("mail");
    assert.equal(mail?.handled ?? 0, 0, "a function was handed its secret while its node is held");
    return mail?.problem?.code === "HOLON_NODE_HELD";
  };
  await until("what it ran goes on, and a secret is refused", async () => (await heldBack()) && ((await unit("ticks"))?.handled ?? 0) > 0, patience);
  assert.deepEqual((await status())?.measured.held?.first, ["core/src/units.ts"]);
  await deploy("fresh");
  await until("what is new is refused", async () => (await status())?.agent.problem?.code === "HOLON_NODE_HELD", patience);
  assert.equal(await unit("fresh"), undefined);
  for (const words of [["doctor"], ["node", "status"], ["node", "show", "cloud-1"]]) {
    const { stdout, exitCode } = await holon(...words);
    assert.equal(exitCode, words[0] === "doctor" ? 1 : 0);
    assert.match(stdout, /its program is not what was adopted \(core\/src\/units\.ts\)/, words.join(" "));
    assert.match(stdout, /`holon node adopt cloud-1 --because TEXT`/, words.join(" "));
  }
  await stop(node);

  node = await start();
  await until("a start forgets nothing of it", async () => (await status())?.measured.held !== undefined && (await unit("ticks"))?.handled !== undefined, patience);
  assertRefused(await holon("node", "adopt", "cloud-1", "--because", "upgraded", "--found", "0".repeat(64)), "HOLON_MEASURE_OTHER", /was to be adopted/);
  const adopted = await holon("node", "adopt", "cloud-1", "--because", "upgraded");
  assert.equal(adopted.exitCode, 0, adopted.stderr);
  assert.match(adopted.stdout, /^adopted for cloud-1: \d+ files, 1 of them otherwise than before; nothing is held back$/m);
  await until("all of it runs", async () => ((await unit("fresh"))?.handled ?? 0) > 0 && ((await unit("mail"))?.handled ?? 0) > 0, patience);
  assert.match((await holon("event", "tail", "--type", "holon.node.adopted", "--limit", "1")).stdout, /token machine at cloud-1/);

  writeFileSync(altered, before);
  await stop(node);
  const measure = ["node", "measure", file, "--data", data];
  assert.equal((await runHolonOf(program, context, [...measure])).exitCode, 1);
  const here = await runHolonOf(program, context, [...measure, "--adopt", "--because", "went back"]);
  assert.equal(here.exitCode, 0, here.stderr);
  assert.equal((await runHolonOf(program, context, [...measure])).exitCode, 0);
});

test("code that is loaded beside the program, and code that control loads only when somebody plans, are of the program: what is new is held back", onItsTurn(2, 2), async (context) => {
  const data = tempFolder(context);
  const program = copyProgram(join(data, "program"));
  const base = await freePortBase();
  const file = join(data, "holon.node.yaml");
  writeFileSync(file, "{ name: cloud-1, site: cloud, tier: cloud, jurisdiction: EU/DE, control: true }\n");
  const preloaded = join(data, "preloaded.mjs");
  const loaded = join(data, "loaded");
  writeFileSync(preloaded, `import { appendFileSync } from "node:fs";\nappendFileSync(${JSON.stringify(loaded)}, process.pid + "\\n");\ndelete process.env.NODE_OPTIONS;\n`);
  const measured = async (): Promise<Status["measured"] | undefined> => {
    const response = await fetch(`http://127.0.0.1:${base}/v1/status`, { headers: { authorization: `Bearer ${(await readToken(data)) ?? ""}` } }).catch(() => undefined);
    return response?.ok === true ? statusSchema.parse(await response.json()).measured : undefined;
  };
  const run = async (environment: Readonly<Record<string, string>>, state: "adopted" | "altered"): Promise<Status["measured"]> => {
    const node = startHolon(context, ["node", "start", file, "--data", data, "--listen-api", `127.0.0.1:${base}`], program, { NODE_COMPILE_CACHE: undefined, ...environment });
    let found: Status["measured"] | undefined;
    await until(`it is ${state}`, async () => (found = await measured())?.state === state || !node.isRunning(), patience);
    assert.ok(node.isRunning() && found !== undefined, node.stderr());
    node.signal("SIGTERM");
    assert.equal((await node.ended).exitCode, 0);
    return found;
  };
  assert.equal((await run({}, "adopted")).held, undefined);
  assert.deepEqual((await run({ NODE_OPTIONS: `--import ${preloaded}` }, "altered")).held?.first, ["start/NODE_OPTIONS"]);
  assert.ok(existsSync(loaded), "it was loaded");
  assert.equal((await run({ NODE_OPTIONS: "--max-old-space-size=512" }, "adopted")).held, undefined, "an option of memory loads nothing, and without the other one it goes on by itself");
  appendFileSync(join(data, "program", "sim", "src", "what-if", "asked.ts"), "// somebody's\n");
  assert.deepEqual((await run({}, "altered")).held?.first, ["sim/src/what-if/asked.ts"]);
  const own = (words: readonly string[]) => startHolon(context, words, program, { NODE_COMPILE_CACHE: undefined }).ended;
  assert.match((await own(["node", "measure", file, "--data", data])).stdout, /sim\/src\/what-if\/asked\.ts/);
  const compiled = join(data, "program", "node_modules", ".cache");
  assert.equal(existsSync(compiled), false, "what starts or measures a node believes no text that was made of the program");
  await own(["--version"]);
  assert.ok(existsSync(compiled), "as other commands do");
});

const runHolonOf = (program: string, context: Parameters<typeof startHolon>[0], words: readonly string[]) => startHolon(context, words, program).ended;
