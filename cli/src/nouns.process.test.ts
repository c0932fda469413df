import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { eventSchema, type Event } from "@holon/core/schema/event.ts";
import { parseRecordName } from "@holon/core/log/identity.ts";
import { z } from "zod";
import { readToken } from "./machine/token.ts";
import { freePortBase } from "./testing/free-ports.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { repository, runHolon, startHolon, type HolonProcess } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

const statusSchema = z.looseObject({
  uplink: z.looseObject({ state: z.string(), backlog: z.number().optional(), sentBytes: z.number() }).optional(),
  agent: z.looseObject({ units: z.array(z.looseObject({ name: z.string(), handled: z.number() })), sources: z.array(z.looseObject({ readings: z.number() })) }),
  lanes: z.array(z.object({ lane: z.string(), sequence: z.number() })),
});
type Status = z.infer<typeof statusSchema>;
const nodeSchema = z.looseObject({ name: z.string(), tier: z.string(), api: z.string().nullable(), desiredVersion: z.int(), reported: z.looseObject({ version: z.int(), outcome: z.string() }).nullable() });

/** A running `holon up` and the command line beside it. */
interface Running {
  readonly up: HolonProcess;
  /** Runs a command against it; its stdout. */
  ask(...args: readonly string[]): Promise<string>;
  status(): Promise<Status | undefined>;
}

interface Place {
  readonly data: string;
  readonly base: number;
}

/** Live telemetry of this machine, until told to stop. Resolves when the gateway's uplink is open and events come in. */
async function startUp(context: TestContext, { data, base }: Place): Promise<Running> {
  const up = startHolon(context, ["up", "--data", data, "--port-base", `${base}`]);
  const api = ["--api", `http://127.0.0.1:${base}`, "--data", data];
  const ask = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await runHolon(context, [...args, ...api]);
    assert.equal(exitCode, 0, `${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const status = (): Promise<Status | undefined> => gatewayStatus(data, base);
  await until("the gateway is up", async () => {
    assert.ok(up.isRunning(), up.stderr());
    const now = await status();
    return now?.uplink?.state === "open" && (now.agent.units[0]?.handled ?? 0) > 0;
  });
  return { up, ask, status };
}

/** From the gateway's own API, which answers with no uplink too. */
async function gatewayStatus(data: string, base: number): Promise<Status | undefined> {
  const authorization = `Bearer ${(await readToken(data)) ?? ""}`;
  const response = await fetch(`http://127.0.0.1:${base + 6}/v1/status`, { headers: { authorization } }).catch(() => undefined);
  return response?.ok === true ? statusSchema.parse(await response.json()) : undefined;
}

const events = (lines: string): readonly Event[] => lines.trim().split("\n").map((line) => eventSchema.parse(JSON.parse(line)));
const epochs = (some: readonly Event[]): ReadonlySet<string> => new Set(some.map(({ id }) => parseRecordName(id)?.epoch ?? "none"));

/** An app of one function, written with the sdk as an author would, in a folder of its own that has nothing installed. */
function writeCounter(context: TestContext): string {
  const folder = tempFolder(context);
  mkdirSync(join(folder, "src"));
  writeFileSync(
    join(folder, "holon.app.ts"),
    `import { defineApp } from "@holon/sdk";
export default defineApp({
  name: "counter",
  sources: [{ kind: "host", name: "host", type: "counter.reading", rateHz: 20 }],
  functions: [{ name: "count", module: "src/count.ts" }],
  egress: [{ class: "aggregate" }],
});
`,
  );
  writeFileSync(
    join(folder, "src/count.ts"),
    `import { defineFunction } from "@holon/sdk";
export default defineFunction({
  on: { type: "counter.reading" },
  emits: { "counter.count": { stream: "data", class: "aggregate" } },
  run(event, context) {
    const count = Number(context.state.get("count") ?? 0) + 1;
    context.state.set("count", count);
    if (count % 5 === 0) context.emit("counter.count", { data: { count } });
  },
});
`,
  );
  return folder;
}

/** Routes in a table of the reference page; a method alone goes with the path after it. */
function routesOf(title: string): readonly string[] {
  const page = readFileSync(join(repository, "docs/reference/interfaces.md"), "utf8");
  const table = page.split(`| ${title} |`)[1]?.split("\n\n")[0] ?? "";
  const cells = [...table.matchAll(/^\| (`.+) \|/gm)].map((match) => match[1]?.split(" | ")[0] ?? "");
  return cells.flatMap((cell) => {
    const codes = [...cell.matchAll(/`([^`]+)`/g)].map((match) => (match[1] ?? "").split("?")[0] ?? "");
    const paths = codes.map((code) => code.split(" ")[1]);
    return codes.map((code, index) => (code.includes(" ") ? code : `${code} ${paths.slice(index).find((path) => path !== undefined) ?? ""}`));
  });
}

async function stop({ up }: Running): Promise<void> {
  const startMs = performance.now();
  up.signal("SIGINT");
  const { exitCode, signal, stderr } = await up.ended;
  assert.deepEqual({ exitCode, signal, stderr }, { exitCode: 0, signal: null, stderr: "" });
  assert.ok(performance.now() - startMs < 5_000, `took ${performance.now() - startMs} ms`);
}

const counts = (some: readonly Event[]): readonly number[] => some.map(({ data }) => z.object({ count: z.int() }).parse(data).count);

test("the nouns against three running nodes, and a second start that goes on", { timeout: 110_000 }, async (context) => {
  const place: Place = { data: join(tempFolder(context), "data"), base: await freePortBase() };
  const first = await startUp(context, place);
  const { ask, status } = first;

  await context.test("node list: three nodes, and the gateway runs what it was told", async () => {
    const list = async () => z.array(nodeSchema).parse(JSON.parse(await ask("node", "list", "--json")));
    let nodes = await list();
    // What a node reports takes its way up the links: asked until it is there, as a person would.
    while (nodes.find(({ name }) => name === "gateway-1")?.reported?.outcome === undefined) nodes = await list();
    assert.deepEqual(nodes.map(({ name, tier }) => [name, tier]).sort(), [["cloud-1", "cloud"], ["edge-1", "edge"], ["gateway-1", "gateway"]]);
    const gateway = nodes.find(({ name }) => name === "gateway-1");
    assert.deepEqual([gateway?.reported?.outcome, gateway?.reported?.version], ["settled", gateway?.desiredVersion]);
    assert.equal(gateway?.api, `http://127.0.0.1:${place.base + 6}`);
    assert.match(await ask("node", "list"), /^NODE +TIER[^]*\ngateway-1 +gateway +plant/);
  });

  await context.test("a refusal of the API gives a program its next step", async () => {
    const authorization = `Bearer ${(await readToken(place.data)) ?? ""}`;
    const answer = await fetch(`http://127.0.0.1:${place.base}/v1/blobs/${"0".repeat(64)}`, { method: "PUT", headers: { authorization }, body: "other bytes" });
    const { error } = z.object({ error: z.looseObject({ next: z.string(), retriable: z.boolean() }) }).parse(await answer.json());
    assert.deepEqual([answer.status, error.retriable, error.next], [400, false, "Put them under the hash that they have."]);
  });

  await context.test("app deploy, list: a function written with the sdk runs on the gateway and its counts reach the cloud", async () => {
    assert.match(await ask("app", "deploy", writeCounter(context)), /^deployed counter 0\.1\.0: functions count/);
    assert.match(await ask("app", "list"), /counter +0\.1\.0 +count[^]*pump-watch|pump-watch[^]*counter +0\.1\.0 +count/);
    await until("counts reach the cloud", async () => (await ask("event", "tail", "--json", "--type", "counter.count", "--stream", "data")).trim() !== "");
    const seen = counts(events(await ask("event", "tail", "--json", "--type", "counter.count", "--limit", "1000")));
    assert.deepEqual(seen, Array.from({ length: seen.length }, (_, index) => 5 * (index + 1)));
  });

  await context.test("event tail: CloudEvents of the cloud's log, none of them raw", async () => {
    const shown = events(await ask("event", "tail", "--json", "--limit", "1000"));
    assert.ok(shown.some(({ type }) => type === "holon.node.started"));
    assert.ok(shown.every((event) => event.class !== "raw" && event.id.split("/")[2] !== "local"));
    assert.ok(events(await ask("event", "tail", "--json", "--origin", "edge-1")).every(({ id }) => id.startsWith("edge-1/")));
  });

  await context.test("link cut, heal: the gateway works on alone, says so, and what waited arrives", async () => {
    assert.match(await ask("link", "list"), /^gateway-1 +edge-1 +open +\d+ \S+ +[\d.]+ KiB +[\d.]+ KiB +\d+ /m);
    assert.match(await ask("link", "cut", "gateway-1"), /cut/);
    const cut = await status();
    assert.equal(cut?.uplink?.state, "cut");
    const judged = cut.agent.units[0]?.handled ?? Infinity;
    const waiting = await until("it judges on, and records wait on the gateway", async () => {
      const now = await status();
      return now?.uplink?.state === "cut" && (now.uplink.backlog ?? 0) >= 3 && (now.agent.units[0]?.handled ?? 0) > judged && now;
    });
    assert.equal(waiting.uplink?.sentBytes, cut.uplink.sentBytes);
    assert.match(await ask("doctor"), /warn +gateway-1 +uplink cut[^]*holon link heal gateway-1/);
    assert.match(await ask("link", "list"), /^gateway-1 +edge-1 +cut .* - +- /m);
    assert.match(await ask("link", "heal", "gateway-1"), /healing/);
    await until("the backlog is drained", async () => {
      const now = await status();
      return now?.uplink?.state === "open" && (now.uplink.backlog ?? 1) <= 2;
    });
  });

  await context.test("the routes of the reference page are those that the two APIs serve", async () => {
    for (const [title, port] of [["control, 7400", place.base], ["node, 7402", place.base + 6]] as const) {
      const document = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) }).parse(await (await fetch(`http://127.0.0.1:${port}/openapi.json`)).json());
      const served = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
      assert.deepEqual(served.filter((route) => route !== "GET /openapi.json").sort(), ["GET /v1/health", ...routesOf(title)].sort(), title);
    }
  });

  await context.test("function list, failed, replay, and meter show: what runs on the gateway, and what it used", async () => {
    const { functions, sandboxes } = z.object({ functions: z.array(z.looseObject({ name: z.string(), handled: z.number() })), sandboxes: z.looseObject({ warm: z.number() }) }).parse(JSON.parse(await ask("function", "list", "--node", "gateway-1", "--json")));
    assert.ok(functions.some(({ handled }) => handled > 0) && sandboxes.warm > 0);
    assert.equal(await ask("function", "failed", "--node", "gateway-1", "--json"), "[]\n");
    assert.match(await ask("function", "replay", "--node", "gateway-1"), /^0 events are/);
    const meter = z.object({ functions: z.array(z.looseObject({ invocations: z.number(), processorMs: z.number(), bytesIn: z.number(), joules: z.number() })) }).parse(JSON.parse(await ask("meter", "show", "--node", "gateway-1", "--json")));
    assert.ok(meter.functions.some((row) => row.invocations > 0 && row.processorMs > 0 && row.bytesIn > 0 && row.joules > 0));
    assert.match(await ask("meter", "show", "--node", "gateway-1"), /FUNCTION +CALLS/);
  });

  await context.test("doctor finds nothing bad", async () => {
    assert.match(await ask("doctor"), /ok +gateway-1/);
  });

  await context.test("what there is not is said", async () => {
    const api = ["--api", `http://127.0.0.1:${place.base}`, "--data", place.data];
    assertRefused(await runHolon(context, ["link", "cut", "gateway-9", ...api]), "HOLON_NODE_UNKNOWN", /gateway-9/);
    assertRefused(await runHolon(context, ["app", "remove", "nothing", ...api]), "HOLON_APP_MISSING", /nothing/);
    assertRefused(await runHolon(context, ["node", "list", ...api.slice(0, 2), "--data", tempFolder(context)]), "HOLON_API_UNAUTHORISED", /./);
    assertRefused(await runHolon(context, ["up", "--data", place.data, "--port-base", "0"]), "HOLON_DATA_IN_USE", /data is in use by process \d+/);
  });

  const before = counts(events(await ask("event", "tail", "--json", "--type", "counter.count", "--limit", "1000"))).length;
  await stop(first);

  await context.test("a second start goes on: new epochs, the same positions, nothing counted twice", async () => {
    const second = await startUp(context, place);
    const more = await until("more counts than before reach the cloud", async () => {
      const seen = events(await second.ask("event", "tail", "--json", "--type", "counter.count", "--limit", "1000"));
      return epochs(seen).size > 1 && seen;
    });
    const seen = counts(more);
    assert.ok(seen.length > before);
    assert.deepEqual(seen, Array.from({ length: seen.length }, (_, index) => 5 * (index + 1)));
    const opened = events(await second.ask("event", "tail", "--json", "--origin", "gateway-1", "--type", "holon.log.opened", "--limit", "1000", "--stream", "data"));
    assert.equal(epochs(opened).size, 2);

    assert.match(await second.ask("app", "remove", "counter"), /removed counter/);
    await until("the counter has stopped", async () => (await second.status())?.agent.units.every(({ name }) => name !== "count"));
    assert.doesNotMatch(await second.ask("app", "list"), /counter/);
    await stop(second);
  });
});
