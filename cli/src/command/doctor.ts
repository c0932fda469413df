/** `holon doctor`: what is wrong here, and what to do. */
import { existsSync } from "node:fs";
import { access, constants, readdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { examinedSchema, findingsOf, type Examined, type Finding } from "@holon/core/diagnosis/findings.ts";
import { errorTable, HolonError, toHolonError } from "@holon/core/errors.ts";
import { clockHereText } from "@holon/core/drift.ts";
import { limits } from "@holon/core/limits.ts";
import { alertListSchema, type Alert } from "@holon/core/telemetry/alert.ts";
import { answerClockSchema } from "@holon/core/telemetry/fleet-status.ts";
import { createClock } from "@holon/platform/clock.ts";
import { diskError } from "@holon/platform/disk/error.ts";
import { makeFolder } from "@holon/platform/disk/folder.ts";
import { NodeIdentity } from "@holon/platform/identity.ts";
import { loadModelRuntime } from "@holon/platform/model/runtime.ts";
import { z } from "zod";
import { answers } from "../answers.ts";
import { connectApi, type Client, type ClientOptions } from "../client.ts";
import { connectNode } from "../connect-node.ts";
import { withoutControl } from "./doctor-island.ts";
import { listNodeRows } from "./node.ts";
import { nowhereText, toldPlanSchema } from "./plan.ts";

const lowBytes = 1 << 30;
/** Less than a node needs for what it fetches at its start. */
const fullBytes = 1 << 18;
const alertsMax = 5;

/** Resolves to whether nothing is bad. */
export async function doctor(options: ClientOptions, json: boolean): Promise<boolean> {
  const findings = [nodeVersion(), await dataFolder(options.data), await diskSpace(options.data), clockState(), await modelRuntime(), ...(await certificates(options.data)), ...(await running(options))];
  if (json) process.stdout.write(`${JSON.stringify({ findings })}\n`);
  else for (const { check, state, says, next } of findings) process.stdout.write(`${state.padEnd(4)}  ${check.padEnd(12)} ${says}${next === undefined ? "" : `\n                   next: ${next}`}\n`);
  return findings.every((finding) => finding.state !== "bad");
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const fits = major > 24 || (major === 24 && minor >= 15);
  return { check: "node", state: fits ? "ok" : "bad", says: `Node.js ${process.versions.node}`, ...(fits ? {} : { next: "Run it through npm, which brings Node.js 26." }) };
}

async function dataFolder(data: string): Promise<Finding> {
  try {
    makeFolder(data);
    await access(data, constants.W_OK);
    return { check: "data", state: "ok", says: `${data} can be written` };
  } catch (error) {
    const { message, next } = diskError("write to", data, error);
    return { check: "data", state: "bad", says: message, next };
  }
}

async function diskSpace(data: string): Promise<Finding> {
  const space = await statfs(data).catch(() => undefined);
  if (space === undefined) return { check: "disk", state: "warn", says: "free space is unknown" };
  const free = space.bavail * space.bsize;
  const says = free < lowBytes ? `${Math.floor(free / 2 ** 10)} KiB free` : `${(free / 2 ** 30).toFixed(1)} GiB free`;
  if (free < fullBytes) return { check: "disk", state: "bad", says, next: errorTable.HOLON_DISK_FULL.next };
  return free < lowBytes ? { check: "disk", state: "warn", says, next: "Free space: a full disk stops intake." } : { check: "disk", state: "ok", says };
}

function clockState(): Finding {
  const { state } = createClock().wall();
  return state === "synced"
    ? { check: "clock", state: "ok", says: "synced" }
    : { check: "clock", state: "warn", says: `${state}: no evidence of a time service`, next: "Start a time service (chrony, systemd-timesyncd); Holon works without, but says so in each event." };
}

async function modelRuntime(): Promise<Finding> {
  try {
    const runtime = await loadModelRuntime(false);
    return { check: "models", state: "ok", says: runtime.name };
  } catch {
    return { check: "models", state: "bad", says: "no ONNX runtime loads", next: "Run npm ci again." };
  }
}

/** Of the nodes of this machine: by the clock of this machine, which is looked at above. */
async function certificates(data: string): Promise<readonly Finding[]> {
  const folders = await readdir(data, { withFileTypes: true }).catch(() => []);
  const findings: Finding[] = [];
  for (const { name } of folders.filter((entry) => entry.isDirectory() && existsSync(join(data, entry.name, "identity", "identity.json")))) {
    try {
      const validity = (await NodeIdentity.open(join(data, name), createClock())).validity();
      const leftMs = (validity?.expiresMs ?? Infinity) - Date.now();
      if (leftMs < 0) findings.push({ check: "certificate", state: "warn", says: `that of ${name} ended ${new Date(validity?.expiresMs ?? 0).toISOString()}`, next: `${errorTable.HOLON_IDENTITY_EXPIRED.next} If this machine's clock is wrong, set it.` });
    } catch (error) {
      const { message, next } = toHolonError(error);
      findings.push({ check: "certificate", state: "bad", says: `that of ${name} cannot be read: ${message}`, next });
    }
  }
  return findings;
}

async function running(options: ClientOptions): Promise<readonly Finding[]> {
  const { host, hostname, port } = new URL(options.api);
  if (!(await answers(hostname, Number(port)))) return [{ check: "nodes", state: "warn", says: `nothing runs at ${host}`, next: "Start it with `holon up`." }];
  const client = await connectApi(options);
  const nodes = await listNodeRows(client).catch((error: unknown) => toHolonError(error));
  if (nodes instanceof HolonError && nodes.code === "HOLON_CONTROL_ELSEWHERE") return [...(await withoutControl(client, options.api)), ...(await firing(client))];
  if (nodes instanceof HolonError) return [{ check: "nodes", state: "bad", says: nodes.message, next: nodes.code === "HOLON_API_UNREACHABLE" || nodes.code === "HOLON_API_UNPROVED" || nodes.code === "HOLON_INTERNAL" ? `${errorTable.HOLON_PORT_TAKEN.next} Whatever answers at ${host} is not this Holon: name the right address with --api, or start with --port-base.` : nodes.next }];
  const findings: Finding[] = [{ check: "nodes", state: "ok", says: nodes.flatMap((node) => (node.isRevoked ? [] : [node.name])).join(", ") || "none yet" }];
  findings.push(...(await clockHere(client)));
  const expected = nodes.filter(({ isRevoked }) => !isRevoked); // of others nobody expects anything
  for (let first = 0; first < expected.length; first += askedAtOnce) findings.push(...(await Promise.all(expected.slice(first, first + askedAtOnce).map((node) => listedFindings(node, client, options)))).flat());
  return [...findings, ...(await standingNowhere(client)), ...(await firing(client))];
}

/** Together, so that what is said of one is of the moment of what is said of the others, and one that hangs keeps nobody else from being asked. */
const askedAtOnce = 16;

async function listedFindings({ name, drift }: Awaited<ReturnType<typeof listNodeRows>>[number], client: Client, options: ClientOptions): Promise<readonly Finding[]> {
  const findings = await nodeFindings(name, client, options);
  const clock = drift.find(({ offMs }) => offMs !== undefined);
  return clock === undefined ? findings : [...findings, { check: name, state: "warn", says: clock.text, next: "Set its clock, or start a time service there." }];
}

/** The message of an alarm says how often it was told. */
export const alertText = ({ kind, since, message, count }: Pick<Alert, "kind" | "since" | "message" | "count">): string => `${message}${count > 1 && kind !== "alarm" ? ` (${count} times)` : ""}, since ${since}`;

/** What is deployed, and the plan leaves out. */
async function standingNowhere(client: Client): Promise<readonly Finding[]> {
  const left = await client.get("/v1/plan", toldPlanSchema).then((answer) => answer.left, () => []); // a role that may not ask; none was adopted; an older one
  const findings = left.slice(0, alertsMax).map((row): Finding => ({ check: "plan", state: "bad", says: nowhereText(row), next: "Change its needs, the policy or the fleet; `holon plan explain` says of each node what keeps it from there." }));
  return left.length <= alertsMax ? findings : [...findings, { check: "plan", state: "bad", says: `${left.length - alertsMax} more stand nowhere`, next: "See `holon plan show`." }];
}

/** What is judged to be wrong at this moment, apart from silence, of which each node is told above. */
async function firing(client: Client): Promise<readonly Finding[]> {
  const list = await client.get(`/v1/alerts?state=firing&limit=${limits.alertsListedMax}`, alertListSchema).catch(() => undefined); // a role that may not ask; a node that keeps none
  const alerts = (list?.alerts ?? []).filter(({ kind }) => kind !== "silence");
  const findings = alerts.slice(0, alertsMax).map((alert): Finding => ({ check: "alert", state: "warn", says: alertText(alert), next: "See `holon alert list`, and what was recorded then: `holon event tail --stream alarm`." }));
  return alerts.length <= alertsMax ? findings : [...findings, { check: "alert", state: "warn", says: `${alerts.length - alertsMax} more are firing`, next: "See `holon alert list`." }];
}

/** Where it is the one that is wrong, that is said once, and not of each of its nodes. */
async function clockHere(client: Client): Promise<readonly Finding[]> {
  const offMs = await client.get("/v1/fleet?limit=1", z.looseObject({ clock: answerClockSchema })).then(({ clock }) => clock.offMs, () => null); // a role that may not ask; an older one
  return offMs === null ? [] : [{ check: "clock", state: "warn", says: clockHereText(offMs), next: "Set its clock, or start a time service there." }];
}

/** Over the links; a node that is cut off, by its own API where that is on this machine: elsewhere no token is sent. */
async function statusOf(name: string, client: Client, options: ClientOptions): Promise<Examined> {
  try {
    return (await client.get(`/v1/nodes/${encodeURIComponent(name)}/status`, z.looseObject({ status: examinedSchema }))).status;
  } catch (overLinks) {
    const itself = await connectNode(options, name).then((local) => local.get("/v1/status", examinedSchema)).catch(() => undefined);
    if (itself === undefined) throw overLinks; // which says more than that it cannot be reached from here either
    return itself;
  }
}

async function nodeFindings(name: string, client: Client, options: ClientOptions): Promise<readonly Finding[]> {
  let status: Examined;
  try {
    status = await statusOf(name, client, options);
  } catch (error) {
    const { code, message, next } = toHolonError(error);
    return [{ check: name, state: "warn", says: code === "HOLON_DIAGNOSIS_AWAY" ? message : `it cannot be asked: ${message}`, next }];
  }
  return findingsOf(name, status);
}
