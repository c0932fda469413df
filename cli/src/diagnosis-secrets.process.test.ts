/** Secrets and readings are planted wherever a node could meet them; then everything that it tells from far away is searched for them. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { diagnosisMethods } from "@holon/core/diagnosis/ask.ts";
import { bundleSchema } from "@holon/core/diagnosis/results.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { canBeRead } from "@holon/platform/testing/can-be-read.ts";
import { z } from "zod";
import { connectApi } from "./client.ts";
import { tarOf } from "./machine/bundle-file.ts";
import { Machines, plant } from "./testing/machines.ts";

const rounds = Number(process.env["HOLON_SECRET_ROUNDS"] ?? 12);
const identitySchema = z.looseObject({ keyPem: z.string() });
const by = { principal: "token machine", role: "machine", at: "cloud-1" };

test("no secret and no reading is in logs, events, reports or bundles, in any form", async (context) => {
  const machines = new Machines(context);
  const inConfig = `cfg-${randomBytes(9).toString("hex")}`;
  process.env["HOLON_PLANTED_PASSWORD"] = `env-${randomBytes(12).toString("base64url")}`;
  context.after(() => delete process.env["HOLON_PLANTED_PASSWORD"]);
  const machine = await machines.start({
    ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0",
    telemetry: { everyMs: 60_000, fullMs: 3_600_000, coarseMs: 900_000, share: 0.05, otlp: { traces: "raw", metrics: "raw", logs: "raw" }, export: { url: `http://exporter:${inConfig}@127.0.0.1:9/v1?token=${inConfig}`, jurisdiction: "EU/DE", encoding: "json", of: "all", secretHeaders: {} } },
    diagnosis: { commands: [{ name: "peek", run: ["/bin/echo", inConfig], arguments: [], timeoutMs: 1_000, outputBytesMax: 1_000, class: "raw" }] },
  });
  const { node, api } = machine;
  const client = await connectApi({ api, data: machines.data });
  const folder = join(machines.data, "cloud-1");
  const key = identitySchema.parse(JSON.parse(readFileSync(join(folder, "identity/identity.json"), "utf8"))).keyPem;
  const always = [inConfig, process.env["HOLON_PLANTED_PASSWORD"], readFileSync(join(machines.data, "api-token"), "utf8").trim(), ...key.split("\n").filter((line) => line.length > 40)];

  const told: string[] = [];
  const planted = [...always];
  const readings: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const known = `${randomBytes(4).toString("hex")} "ä\\${randomBytes(6).toString("base64")}`;
    const token = `holon_token_${randomBytes(24).toString("base64url")}`;
    const password = randomBytes(9).toString("hex");
    const reading = `${randomBytes(5).toString("hex")}.example ${round}.31 bar`;
    writeFileSync(join(folder, "secrets.json"), JSON.stringify({ pump: known }), { mode: 0o600 });
    planted.push(known, token, password);
    readings.push(reading);
    const { trace, events, log, diagnosis } = node;
    const say = (message: string, code?: string): void => trace.note("warn", message, code === undefined ? {} : { code });
    await diagnosis.desk.ask("cloud-1", diagnosisMethods.commands, { by, session: "s" }, 1_000); // what is in secrets.json is known from now on
    // Talk of programs that take no care.
    say(`broker refused ${known} and ${Buffer.from(known).toString("base64")} and ${Buffer.from(`x${known}`).toString("base64url")} and ${Buffer.from(known).toString("hex")}`);
    say(`cannot connect to amqp://pump:${password}@mq.example:5672/a`);
    say(`Authorization: Bearer ${token}; password=${password}; --api-key ${password}`);
    say(`{"password":"${password}","n":${round}}`);
    say(`env ${process.env["HOLON_PLANTED_PASSWORD"] ?? ""} ${always[2] ?? ""}`);
    say(key);
    // Errors with what was in an event.
    say(`function pump/judge: ${reading}`, "HOLON_UNIT_THREW");
    say(toHolonError(jsonError(`${reading}"`)).message, "HOLON_INTERNAL");
    say(new HolonError("HOLON_UNIT_DIED", `function pump/judge: it said ${reading}`).message, "HOLON_UNIT_DIED");
    await log.append({
      records: [
        events.record({ stream: "local", type: "pump.reading", class: "raw", producer: "mqtt", subject: reading, data: { reading } }),
        events.record({ stream: "local", type: "pump.person", class: "personal", producer: "mqtt", subject: reading, data: { reading } }),
        events.record({ stream: "telemetry", type: "holon.function.failed", class: "public", producer: "pump/judge", data: { function: "pump/judge", code: "HOLON_UNIT_THREW", message: reading } }),
        events.record({ stream: "telemetry", type: "pump.said", class: "public", producer: "pump/judge", data: { password, note: known } }),
      ],
      cells: [{ key: "state/pump/judge/last", value: Buffer.from(JSON.stringify({ reading, known })) }],
    });
    told.push(JSON.stringify(await client.get("/v1/nodes/cloud-1/logs?limit=2000", z.unknown())));
    for (const stream of ["local", "telemetry", "audit", "alarm", "data"]) told.push(JSON.stringify(await client.get(`/v1/nodes/cloud-1/events?stream=${stream}&limit=200`, z.unknown())));
    for (const wanted of [{ kind: "report" }, { kind: "bundle" }, { kind: "exec", command: "peek" }]) {
      const { id } = await client.send("POST", "/v1/nodes/cloud-1/requests", { wanted }, z.looseObject({ id: z.string() }));
      const { result } = await client.get(`/v1/requests/${id}/result?waitMs=8000`, z.looseObject({ result: z.unknown() }));
      assert.notEqual(result, null, `${wanted.kind} was not answered`);
      told.push(JSON.stringify(result));
      if (wanted.kind === "bundle") told.push(tarOf(bundleSchema.parse(result)).toString("latin1"), ...bundleSchema.parse(result).files.map(({ text }) => text));
    }
  }
  // What stays on the node's own disk as its log, too.
  await machines.stop(machine);
  for (const name of readdirSync(join(folder, "lines"))) told.push(readFileSync(join(folder, "lines", name), "utf8"));

  const all = told.join("\n");
  assert.match(all, /broker refused \[secret\]/, "the lines are there");
  assert.match(all, /A function threw an error/, "what it means is there");
  assert.match(all, /pump\.person/, "that the event is there is told");
  for (const secret of [...planted, ...readings]) assert.equal(canBeRead(all, secret), false, `${secret} stands in ${told.find((text) => canBeRead(text, secret))?.slice(0, 2_000) ?? "all of it together"}`);
});

function jsonError(text: string): unknown {
  try {
    JSON.parse(text);
  } catch (error) {
    return error;
  }
  return undefined;
}
