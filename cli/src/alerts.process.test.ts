/** Three real nodes, a real HTTP receiver and a real SMTP server: an island tells by its own route while it is cut off, control by its own, each once. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { SMTPServer } from "smtp-server";
import { objectiveListAnswerSchema } from "@holon/core/alert/objective-row.ts";
import { alertingSchema } from "@holon/core/schema/alerting.ts";
import { alertListSchema } from "@holon/core/telemetry/alert.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { z } from "zod";
import { startThree } from "./machine/three.ts";
import { until } from "./testing/wait.ts";

const secret = "a secret of both ends";
const toldSchema = z.object({ key: z.string(), node: z.string(), alerts: z.array(z.object({ id: z.string(), rule: z.string(), subject: z.string(), state: z.enum(["firing", "resolved"]) })) });
type Told = z.infer<typeof toldSchema>["alerts"][number] & { readonly key: string; readonly node: string };

interface Hook {
  readonly url: string;
  /** Acted on once for each key; what is not signed is not acted on. */
  readonly told: Told[];
  repeats: number;
  /** Statuses in place of 200, first to last; 0 takes it and breaks the line. */
  readonly answers: number[];
}

async function hookOf(context: TestContext): Promise<Hook> {
  const keys = new Set<string>();
  const hook: Hook = { url: "", told: [], repeats: 0, answers: [] };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const expected = `v1=${createHmac("sha256", secret).update(`${String(request.headers["holon-timestamp"])}.${body}`).digest("hex")}`;
      if (request.headers["holon-signature"] !== expected) return void response.writeHead(401).end();
      const answer = hook.answers.shift() ?? 200;
      if (answer >= 400) return void response.writeHead(answer).end();
      const { key, node, alerts } = toldSchema.parse(JSON.parse(body));
      assert.equal(request.headers["idempotency-key"], key);
      if (keys.has(key)) hook.repeats += 1;
      else hook.told.push(...alerts.map((alert) => ({ ...alert, key, node })));
      keys.add(key);
      if (answer === 0) request.socket.destroy();
      else response.writeHead(answer).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(hook, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
}

async function postOffice(context: TestContext): Promise<{ readonly port: number; readonly subjects: string[] }> {
  const subjects: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
        subjects.push(/^Subject: (.*)$/m.exec(Buffer.concat(chunks).toString())?.[1] ?? "");
        done();
      });
    },
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  context.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, subjects };
}

test("an outage is told once to each who is to know, by the island itself and by control, also over a restart", async (context) => {
  const data = mkdtempSync(join(tmpdir(), "holon-"));
  const [ops, local, mail] = [await hookOf(context), await hookOf(context), await postOffice(context)];
  for (const node of ["cloud-1", "edge-1"]) {
    mkdirSync(join(data, node), { recursive: true });
    writeFileSync(join(data, node, "secrets.json"), JSON.stringify({ hook: secret }), { mode: 0o600 });
  }
  const webhook = (name: string, url: string) => ({ name, jurisdiction: "EU/DE", to: { kind: "webhook", url, secret: "hook" } });
  const email = { name: "mail", severity: "ticket", kinds: ["silence"], jurisdiction: "EU/DE", to: { kind: "email", host: "127.0.0.1", port: mail.port, security: "plain", from: "holon@plant.test", to: ["night@plant.test"] } };
  const never = { name: "instant", kind: "freshness", stream: "telemetry", withinMs: 1, target: 0.9 };
  const alerts = (node: string) => alertingSchema.parse(node === "cloud-1" ? { routes: [webhook("ops", ops.url)] } : node === "edge-1" ? { routes: [webhook("local", local.url), email, { name: "here", to: { kind: "event" } }], objectives: [{ ...never, stream: "data" }] } : {});
  const options = { data, portBase: 0, jurisdiction: "EU/DE", telemetry: () => telemetrySettingsSchema.parse({ everyMs: 1_000 }), alerts, trace: { level: "error", output: process.stderr } } as const;
  let fleet = await startThree(options);
  context.after(async () => {
    await fleet.close();
    rmSync(data, { recursive: true });
  });
  const token = (): string => readFileSync(join(data, "api-token"), "utf8").trim();
  const call = async (of: "cloud" | "edge", method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${fleet[of].api}${path}`, { method, headers: { authorization: `Bearer ${token()}`, "content-type": "application/json" }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    assert.ok(response.ok, `${method} ${path} answered ${response.status}: ${await response.clone().text()}`);
    return response.json();
  };
  const alertsAt = async (of: "cloud" | "edge") => alertListSchema.parse(await call(of, "GET", "/v1/alerts")).alerts;
  const firing = (hook: Hook, subject: string): readonly Told[] => hook.told.filter((one) => one.subject === subject && one.rule === "silence" && one.state === "firing");

  // The island is cut off, then its gateway too: only the island can tell of that now.
  await until("all are heard, and control knows who is below whom", async () => {
    const { nodes = [] } = (await fleet.cloud.node.telemetry?.fleet({})) ?? {};
    return nodes.filter(({ state }) => state === "present").length === 3 && nodes.some(({ node, parent }) => node === "gateway-1" && parent === "edge-1");
  });
  ops.answers.push(503, 0);
  local.answers.push(0);
  fleet.edge.node.cutUplink();
  await until("control tells of the edge", () => firing(ops, "edge-1").length > 0, 120_000);
  fleet.gateway.node.cutUplink();
  await until("the island tells of its gateway, by itself", () => firing(local, "gateway-1").length > 0 && mail.subjects.length > 0, 120_000);
  assert.match(mail.subjects[0] ?? "", /^\[ticket\] gateway-1 is silent since/);
  assert.deepEqual(firing(ops, "gateway-1"), []);
  const [silent] = (await alertsAt("edge")).filter(({ subject, kind }) => subject === "gateway-1" && kind === "silence");
  assert.ok(silent !== undefined);
  await call("edge", "POST", "/v1/alerts/acknowledge", { id: silent.id, note: "on my way" });

  // The edge starts anew in the middle of it: the same incident, told nobody twice.
  await until("the first message was taken after all", () => ops.repeats > 0 && local.repeats > 0, 120_000);
  fleet.edge.node.healUplink();
  await until("control knows of the gateway by the island's word", () => firing(ops, "gateway-1").length > 0, 120_000);
  assert.equal(firing(ops, "gateway-1")[0]?.id, silent.id, "one incident has one name on all tiers");
  await until("and who has taken it on", async () => (await alertsAt("cloud")).some(({ id, acknowledged }) => id === silent.id && acknowledged?.note === "on my way"));
  await fleet.close();
  fleet = await startThree(options);
  await until("all is over and told", () => [ops, local].every((hook) => hook.told.some(({ subject, state }) => subject === "gateway-1" && state === "resolved")) && ops.told.some(({ subject, state }) => subject === "edge-1" && state === "resolved"), 120_000);
  for (const hook of [ops, local]) {
    const names = hook.told.map(({ id, state }) => `${state} ${id}`);
    assert.deepEqual([...new Set(names)], names, "each once");
    assert.equal(hook.told.filter(({ subject, rule, state }) => subject === "gateway-1" && rule === "silence" && state === "firing").length, 1);
  }
  const trail = await fleet.edge.node.log.find({ accepts: ({ stream, origin }) => stream === "audit" && origin === "edge-1", type: "holon.alert.acknowledged", limit: 10 });
  assert.equal(trail.length, 1);
  const decided = await fleet.edge.node.log.find({ accepts: ({ stream, origin }) => stream === "audit" && origin === "edge-1", type: "holon.policy.decided", limit: 100 });
  assert.ok(decided.some(({ event }) => JSON.stringify(event.data).includes("EU/DE alerts")), "the trail says that it left");
  const here = await fleet.edge.node.log.find({ accepts: ({ stream, origin }) => stream === "local" && origin === "edge-1", type: "holon.alert.told", limit: 100 });
  assert.ok(here.length >= 2, "as events of the node too");
  const { objectives } = objectiveListAnswerSchema.parse(await call("edge", "GET", "/v1/objectives"));
  assert.deepEqual(objectives.map(({ rule, per }) => [rule, per]), [["fleet/instant", "site"]]);

  // What is silenced is not told, and what is still wrong afterwards is.
  await call("edge", "POST", "/v1/alerts/silences", { name: "works", subject: "gateway-1", forMs: 3_600_000, because: "the line is moved" });
  const { length: before } = firing(local, "gateway-1");
  fleet.gateway.node.cutUplink();
  await until("it is seen", async () => (await alertsAt("edge")).some(({ subject, state, silencedUntil }) => subject === "gateway-1" && state === "firing" && silencedUntil !== null), 120_000);
  // What came up after it has been told: so it was looked at, and passed over.
  const { log, events } = fleet.edge.node;
  await log.append({ records: [events.record({ stream: "alarm", type: "line.moved", class: "public", producer: "test", data: {} })] });
  await until("what came after it is told", () => local.told.some(({ rule }) => rule.endsWith("/line.moved")), 120_000);
  assert.equal(firing(local, "gateway-1").length, before);
  await call("edge", "DELETE", "/v1/alerts/silences/works");
  await until("it is told after all", () => firing(local, "gateway-1").length > before, 120_000);
});
