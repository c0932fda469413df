/** Three real tiers: what is asked at the top of a gateway that nobody can dial, over the links that it made itself. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { z } from "zod";
import type { MachineNode } from "./machine/compose.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { runHolon, startHolon } from "./testing/holon-process.ts";
import { audited, isOpen, Machines, plant } from "./testing/machines.ts";
import { until } from "./testing/wait.ts";

const secret = "s3cret-of-the-pump-4711";
const reading = "anna.example@home 17.31";

interface Family {
  readonly machines: Machines;
  readonly cloud: MachineNode;
  readonly edge: MachineNode;
  readonly gateway: MachineNode;
  readonly startGateway: () => Promise<MachineNode>;
  /** `holon … --api CLOUD --data DATA` */
  holon(...args: readonly string[]): Promise<string>;
}

async function family(context: TestContext): Promise<Family> {
  const machines = new Machines(context);
  const cloud = await machines.start({ ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0" });
  await machines.enroll(await machines.invite(cloud, "edge-1", "--tier", "edge"));
  const edge = await machines.start({ ...plant, name: "edge-1", tier: "edge", listen: "127.0.0.1:0", parent: cloud.node.address, uplink: { node: "cloud-1" } });
  await until("the edge is linked", isOpen(edge));
  await machines.enroll(await machines.invite(cloud, "gateway-1"), "--at", edge.node.address ?? "");
  const commands = [
    { name: "greet", run: ["/bin/echo", "hello", "{who}"], arguments: [{ name: "who", values: ["world", "moon"] }], timeoutMs: 5_000, outputBytesMax: 1_000, class: "public" as const },
    { name: "show-reading", run: ["/bin/echo", reading], arguments: [], timeoutMs: 5_000, outputBytesMax: 1_000, class: "raw" as const },
    { name: "show-secret", run: ["/bin/echo", secret], arguments: [], timeoutMs: 5_000, outputBytesMax: 1_000, class: "public" as const },
    { name: "sleep", run: ["/bin/sleep", "60"], arguments: [], timeoutMs: 300, outputBytesMax: 1_000, class: "public" as const },
    { name: "flood", run: ["/usr/bin/yes"], arguments: [], timeoutMs: 20_000, outputBytesMax: 1_000, class: "public" as const },
  ];
  const startGateway = (): Promise<MachineNode> => machines.start({ ...plant, name: "gateway-1", tier: "gateway", parent: edge.node.address, uplink: { node: "edge-1" }, diagnosis: { commands } });
  const gateway = await startGateway();
  writeFileSync(join(machines.data, "gateway-1/secrets.json"), JSON.stringify({ "pump-key": secret }), { mode: 0o600 });
  await until("the gateway is linked", isOpen(gateway));
  return { machines, cloud, edge, gateway, startGateway, holon: (...args) => machines.holon(...args, "--api", cloud.api, "--data", machines.data) };
}

const reportSchema = z.looseObject({ node: z.string(), findings: z.array(z.looseObject({ state: z.string() })), link: z.looseObject({ state: z.string() }) });

test("logs, a report, a bundle and declared commands of a gateway two links away; what is secret, raw or foreign stays there", async (context) => {
  const { machines, cloud, edge, gateway, holon } = await family(context);
  const { trace } = gateway.node;
  trace.note("warn", `source mqtt: the broker refused ${secret}`);
  trace.note("error", `function pump/judge: ${reading}`, { code: "HOLON_UNIT_THREW" });
  trace.note("info", "the pump hums");

  const said = await holon("node", "logs", "gateway-1");
  assert.match(said, /source mqtt: the broker refused \[secret\]/);
  assert.match(said, /function pump\/judge: A function threw/);
  assert.match(said, /the pump hums/);
  assert.doesNotMatch(await holon("node", "logs", "gateway-1", "--level", "warn"), /hums/);

  const following = startHolon(context, ["node", "logs", "gateway-1", "--follow", "--limit", "1", "--api", cloud.api, "--data", machines.data]);
  await until("the first line is there", () => following.stdout().includes("hums"));
  trace.note("info", "it hums again");
  await until("what was said meanwhile is there", () => following.stdout().includes("it hums again"));
  following.signal("SIGINT");
  assert.equal((await following.ended).exitCode, 0);

  const report = reportSchema.parse(JSON.parse(await holon("node", "diagnose", "gateway-1", "--json")));
  assert.deepEqual([report.node, report.link.state], ["gateway-1", "open"]);
  assert.equal(await holon("node", "exec", "gateway-1", "greet", "who=moon"), "hello moon");
  const ofWords = async (node: typeof gateway.node): Promise<readonly string[]> => (await node.log.find({ accepts: () => true, limit: 1_000 })).flatMap(({ event, record }) => (event.type.startsWith("holon.diagnosis.") && JSON.stringify(event).includes("moon") ? [`${record.stream} ${event.type} ${event.class}`] : []));
  assert.deepEqual([await ofWords(gateway.node), await ofWords(cloud.node)], [["local holon.diagnosis.words raw"], []], "with which words a command ran stays where it ran");
  assert.equal(await holon("node", "exec", "gateway-1", "show-secret"), "[secret]");
  const raw = JSON.parse(await holon("node", "exec", "gateway-1", "show-reading", "--json"));
  assert.equal(z.looseObject({ output: z.null() }).safeParse(raw).success, true, "what is raw stays");
  const bounded = z.looseObject({ ended: z.string(), outputBytes: z.int() });
  const slow = await runHolon(context, ["node", "exec", "gateway-1", "sleep", "--json", "--api", cloud.api, "--data", machines.data]);
  assert.equal(bounded.parse(JSON.parse(slow.stdout)).ended, "time");
  const loud = await runHolon(context, ["node", "exec", "gateway-1", "flood", "--json", "--api", cloud.api, "--data", machines.data]);
  const { ended, outputBytes } = bounded.parse(JSON.parse(loud.stdout));
  assert.deepEqual([ended, outputBytes], ["output", 1_000]);
  assertRefused(await runHolon(context, ["node", "exec", "gateway-1", "greet", "who=mars", "--api", cloud.api, "--data", machines.data]), "HOLON_ARGUMENT_BAD", /who/);
  assertRefused(await runHolon(context, ["node", "exec", "gateway-1", "reboot", "--api", cloud.api, "--data", machines.data]), "HOLON_COMMAND_UNKNOWN", /reboot/);

  const folder = join(machines.data, "bundle");
  await holon("node", "bundle", "gateway-1", "--out", folder);
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
  for (const gone of [secret, reading, Buffer.from(secret).toString("base64").slice(0, 20)]) assert.ok(!files.includes(gone), gone);
  assert.match(files, /the pump hums/);

  // The island's own API answers for itself and those below it, without the cloud.
  edge.node.cutUplink();
  assert.match(await machines.holon("node", "logs", "gateway-1", "--api", edge.api, "--data", machines.data), /hums/);
  assert.equal(reportSchema.parse(JSON.parse(await machines.holon("node", "diagnose", "edge-1", "--json", "--api", edge.api, "--data", machines.data))).node, "edge-1");
  // And nobody below asks of whom stands above.
  const denied = await runHolon(context, ["node", "logs", "edge-1", "--api", gateway.api, "--data", machines.data]);
  assert.match(denied.stderr, /HOLON_CALL_DENIED/);
  assert.ok((await audited(gateway, "holon.diagnosis.decided")).length >= 5);
});

test("what is asked of a node that is away waits, is done once, and its answer is kept", async (context) => {
  const { machines, cloud, gateway, startGateway, holon } = await family(context);
  await machines.stop(gateway);
  const away = await runHolon(context, ["node", "exec", "gateway-1", "greet", "who=world", "--wait", "1s", "--api", cloud.api, "--data", machines.data]);
  assertRefused(away, "HOLON_DIAGNOSIS_AWAY", /gateway-1 has not answered/);
  const rows = z.array(z.looseObject({ id: z.string(), state: z.string() }));
  const requests = async () => rows.parse(JSON.parse(await holon("node", "requests", "--json")));
  const [request] = await requests();
  assert.equal(request?.state, "waiting");
  // Its log is asked for in the same way, and what is known is said at once.
  await until("control knows that it was stopped", async () => (await holon("node", "status")).includes("gone"));
  const logs = await runHolon(context, ["node", "logs", "gateway-1", "--limit", "7", "--api", cloud.api, "--data", machines.data]);
  assertRefused(logs, "HOLON_DIAGNOSIS_AWAY", /gateway-1 was stopped in order at \S+; its telemetry is known through .*; heard last at \S+, by way of edge-1; its log is asked for as [0-9a-f]{16}, which waits/);
  const [, logsId = ""] = /asked for as ([0-9a-f]{16})/.exec(logs.stderr) ?? [];
  // Whoever asks once more is answered with the one that waits.
  const repeated = await runHolon(context, ["node", "logs", "gateway-1", "--limit", "7", "--api", cloud.api, "--data", machines.data]);
  assert.ok(repeated.stderr.includes(`asked for as ${logsId}`), repeated.stderr);
  const doctor = await runHolon(context, ["doctor", "--api", cloud.api, "--data", machines.data]);
  assert.match(doctor.stdout, /warn +gateway-1 +gateway-1 was stopped in order at \S+; .*heard last at \S+, by way of edge-1\n +next: .*holon node start/);
  const still = await runHolon(context, ["node", "diagnose", "gateway-1", "--wait", "1s", "--api", cloud.api, "--data", machines.data]);
  assertRefused(still, "HOLON_DIAGNOSIS_AWAY", /gateway-1 has not answered [0-9a-f]{16} yet; .*gateway-1 was stopped in order at/);
  const list = await runHolon(context, ["node", "list", "--api", cloud.api, "--data", machines.data]);
  assert.match(list.stdout, /gateway-1/);
  // A node that is none is said to be none, and nothing waits for it.
  for (const command of [["exec", "nosuch", "greet", "who=world"], ["diagnose", "nosuch"], ["logs", "nosuch"]]) {
    const refused = await runHolon(context, ["node", ...command, "--api", cloud.api, "--data", machines.data]);
    assertRefused(refused, "HOLON_NODE_UNKNOWN", /nosuch/);
    assert.match(refused.stderr, /holon node list/);
  }
  assert.equal((await requests()).length, 3);
  const followed = startHolon(context, ["node", "logs", "gateway-1", "--follow", "--api", cloud.api, "--data", machines.data]);
  await until("it is said that it is waited for", () => /gateway-1 was stopped.*trying again/.test(followed.stderr()));
  const again = await startGateway();
  await until("its log is followed when it is back", () => /starts as gateway/.test(followed.stdout()), 120_000);
  followed.signal("SIGINT");
  assert.equal((await followed.ended).exitCode, 0);
  await until("it was done", async () => (await requests()).every(({ state }) => state === "done"), 120_000);
  assert.match(await holon("node", "result", request?.id ?? ""), /hello world/);
  const lines = z.looseObject({ node: z.string(), lines: z.array(z.unknown()).min(1).max(7) }).parse(JSON.parse(await holon("node", "result", logsId)));
  assert.equal(lines.node, "gateway-1");
  assert.equal((await audited(again, "holon.diagnosis.begun")).length, 3);
  assert.equal((await audited(cloud, "holon.diagnosis.answered")).length, 3);
});
