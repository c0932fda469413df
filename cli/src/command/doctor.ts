/** `holon doctor`: what is wrong here, and what to do. */
import { access, constants, statfs } from "node:fs/promises";
import { connect } from "node:net";
import { errorTable, isErrorCode, toHolonError } from "@holon/core/errors.ts";
import { createClock } from "@holon/platform/clock.ts";
import { diskError } from "@holon/platform/disk-error.ts";
import { makeFolder } from "@holon/platform/disk-folder.ts";
import { loadModelRuntime } from "@holon/platform/model-runtime.ts";
import { z } from "zod";
import { connectApi, type Client, type ClientOptions } from "../client.ts";
import { connectNode } from "../connect-node.ts";
import { listNodeRows } from "./node.ts";

interface Finding {
  readonly check: string;
  readonly state: "ok" | "warn" | "bad";
  readonly says: string;
  readonly next?: string;
}

const lowBytes = 1 << 30;
/** Less than a node needs for what it fetches at its start. */
const fullBytes = 1 << 18;
const problemSchema = z.looseObject({ message: z.string(), next: z.string() }).optional();
const statusSchema = z.looseObject({
  uplink: z
    .looseObject({
      state: z.string(),
      problem: z.looseObject({ code: z.string(), message: z.string() }).optional(),
      held: z.array(z.looseObject({ lane: z.string(), code: z.string(), message: z.string() })),
      branches: z.array(z.looseObject({ lane: z.string(), branch: z.string(), after: z.int() })),
    })
    .optional(),
  measured: z.looseObject({ altered: z.array(z.looseObject({ what: z.string() })) }).optional(),
  log: z.looseObject({ disk: z.string() }),
  damage: z.array(z.looseObject({ segment: z.string() })),
  agent: z.looseObject({ problem: problemSchema, units: z.array(z.looseObject({ problem: problemSchema })), sources: z.array(z.looseObject({ name: z.string(), problem: problemSchema })) }),
});

/** Resolves to whether nothing is bad. */
export async function doctor(options: ClientOptions, json: boolean): Promise<boolean> {
  const findings = [nodeVersion(), await dataFolder(options.data), await diskSpace(options.data), clockState(), await modelRuntime(), ...(await running(options))];
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

async function running(options: ClientOptions): Promise<readonly Finding[]> {
  const { host, hostname, port } = new URL(options.api);
  if (!(await answers(hostname, Number(port)))) return [{ check: "nodes", state: "warn", says: `nothing runs at ${host}`, next: "Start it with `holon up`." }];
  const client = await connectApi(options);
  const nodes = await listNodeRows(client);
  const findings: Finding[] = [{ check: "nodes", state: "ok", says: nodes.map((node) => node.name).join(", ") || "none yet" }];
  for (const { name } of nodes) findings.push(...(await nodeFindings(name, client, options)));
  return findings;
}

/** Over the links; a node that is cut off, by its own API where that is on this machine: elsewhere no token is sent. */
async function statusOf(name: string, client: Client, options: ClientOptions): Promise<z.infer<typeof statusSchema>> {
  try {
    return (await client.get(`/v1/nodes/${encodeURIComponent(name)}/status`, z.looseObject({ status: statusSchema }))).status;
  } catch (overLinks) {
    const itself = await connectNode(options, name).then((local) => local.get("/v1/status", statusSchema)).catch(() => undefined);
    if (itself === undefined) throw overLinks; // which says more than that it cannot be reached from here either
    return itself;
  }
}

async function nodeFindings(name: string, client: Client, options: ClientOptions): Promise<readonly Finding[]> {
  let status: z.infer<typeof statusSchema>;
  try {
    status = await statusOf(name, client, options);
  } catch (error) {
    const { message, next } = toHolonError(error);
    return [{ check: name, state: "warn", says: `it cannot be asked: ${message}`, next }];
  }
  const findings: Finding[] = [];
  for (const { what } of status.measured?.altered ?? []) findings.push({ check: name, state: "bad", says: `${what} is not as it was adopted`, next: errorTable.HOLON_NODE_ALTERED.next });
  if (status.uplink !== undefined && status.uplink.state !== "open") {
    const { problem, state } = status.uplink;
    findings.push({ check: name, state: "warn", says: `uplink ${state}${problem === undefined ? "" : `: ${problem.message}`}`, next: state === "cut" ? `holon link heal ${name}` : nextOf(problem?.code) });
  }
  for (const { lane, code, message } of status.uplink?.held ?? []) findings.push({ check: name, state: "bad", says: `${lane} is held back: ${message}`, ...(isErrorCode(code) ? { next: errorTable[code].next } : {}) });
  for (const { lane, branch, after } of status.uplink?.branches ?? []) findings.push({ check: name, state: "warn", says: `${lane} has two histories behind record ${after}; this one is kept as ${branch}`, next: errorTable.HOLON_LINK_FORK.next });
  for (const { segment } of status.damage) findings.push({ check: name, state: "bad", says: `${segment} is damaged`, next: errorTable.HOLON_LOG_DAMAGED.next });
  if (status.log.disk !== "ok") findings.push({ check: name, state: "bad", says: `its log takes nothing in: the disk ${status.log.disk === "full" ? "is full" : "failed"}`, next: errorTable[status.log.disk === "full" ? "HOLON_DISK_FULL" : "HOLON_DISK_FAILED"].next });
  for (const problem of [status.agent.problem, ...status.agent.units.map((unit) => unit.problem)]) {
    if (problem !== undefined) findings.push({ check: name, state: "bad", says: problem.message, next: problem.next });
  }
  for (const { name: source, problem } of status.agent.sources) {
    if (problem !== undefined) findings.push({ check: name, state: "bad", says: `source ${source}: ${problem.message}`, next: problem.next });
  }
  return findings.length > 0 ? findings : [{ check: name, state: "ok", says: "link, log, sources and functions are well" }];
}

/** Who is not let in does not get in by waiting. */
const nextOf = (code: string | undefined): string => (isErrorCode(code) && code.startsWith("HOLON_IDENTITY_") ? errorTable[code].next : "Nothing to do: it works on alone and tries again.");

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false));
  });
}
