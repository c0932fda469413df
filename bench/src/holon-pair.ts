/** A cloud with the control plane and a gateway below it, two real processes, with one app deployed by the command people use. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeJoin } from "@holon/platform/trust-join.ts";
import { createTrust } from "@holon/platform/trust.ts";
import { z } from "zod";
import { freePort } from "./free-port.ts";
import { holonProgram, startHolonNode, type HolonProcess } from "./holon-process.ts";
import { until } from "./until.ts";

/** Name of the source that producers dial. */
export const bulkSource = "producers";
export const readingType = "bench.reading";
const functionPath = fileURLToPath(new URL("holon-function.ts", import.meta.url));

export interface HolonPair {
  cloud(): HolonProcess;
  gateway(): HolonProcess;
  mqttPort(): number;
  bulkPort(): number;
  /** After it was killed: the same folder, the same configuration. */
  restartCloud(): Promise<void>;
  restartGateway(): Promise<void>;
  gatewayStatus(): Promise<GatewayStatus>;
  end(): Promise<void>;
}

const statusSchema = z.looseObject({
  agent: z.looseObject({
    state: z.string(),
    version: z.number(),
    sources: z.array(z.looseObject({ address: z.string().optional(), readings: z.number() })),
    units: z.array(z.looseObject({ state: z.string(), handled: z.number(), lag: z.number() })),
  }),
  uplink: z.looseObject({ state: z.string(), backlog: z.number().optional() }).optional(),
  lanes: z.array(z.object({ lane: z.string(), sequence: z.number() })),
});
export type GatewayStatus = z.infer<typeof statusSchema>;

export interface PairOptions {
  readonly folder: string;
  /** Whether the function that answers each reading with a derived event runs too. */
  readonly withFunction: boolean;
  /** Where the door puts what comes in. */
  readonly stream: "local" | "data";
  /** Another app than the bench's: files are named from `app` below the folder. */
  readonly app?: { readonly functions: readonly unknown[]; readonly models: readonly unknown[]; readonly gives: readonly unknown[]; readonly reductions?: readonly unknown[] };
}

export async function startHolonPair({ folder, withFunction, stream, app }: PairOptions): Promise<HolonPair> {
  const data = join(folder, "nodes");
  const cloudConfig = { tier: "cloud", control: true, listen: `127.0.0.1:${await freePort()}` };
  let cloud = await startHolonNode({ data, name: "cloud-1", config: cloudConfig });
  const gatewayFolder = join(data, "gateway-1");
  mkdirSync(gatewayFolder, { recursive: true });
  await writeJoin(gatewayFolder, (await createTrust(join(data, "cloud-1"))).joinInfo());
  const gatewayConfig = { tier: "gateway", parent: cloud.link };
  let gateway = await startHolonNode({ data, name: "gateway-1", config: gatewayConfig });
  const ports = { mqtt: 0, bulk: 0 };
  const gatewayStatus = async (): Promise<GatewayStatus> => statusSchema.parse(await gateway.get("/v1/status"));
  const settle = (): Promise<void> =>
    until("the gateway runs its app", async () => {
      const { agent } = await gatewayStatus();
      const [mqtt, bulk] = agent.sources.map(({ address }) => address);
      if (agent.state !== "settled" || agent.version === 0 || mqtt === undefined || bulk === undefined) return false;
      ports.mqtt = Number(new URL(mqtt).port);
      ports.bulk = Number(new URL(bulk).port);
      return agent.units.every((unit) => unit.state === "running");
    });
  const pair: HolonPair = {
    cloud: () => cloud,
    gateway: () => gateway,
    mqttPort: () => ports.mqtt,
    bulkPort: () => ports.bulk,
    gatewayStatus,
    async restartCloud() {
      cloud = await startHolonNode({ data, name: "cloud-1", config: cloudConfig });
    },
    async restartGateway() {
      gateway = await startHolonNode({ data, name: "gateway-1", config: gatewayConfig });
      await settle();
    },
    async end() {
      await gateway.stop();
      await cloud.stop();
    },
  };
  try {
    await deploy(join(folder, "app"), data, cloud.api, manifestOf({ withFunction, stream, app }));
    await settle();
    return pair;
  } catch (error) {
    await pair.end();
    throw error;
  }
}

const manifestOf = ({ withFunction, stream, app }: Pick<PairOptions, "withFunction" | "stream"> & { readonly app: PairOptions["app"] }) => ({
  name: "bench",
  sources: [
    { kind: "mqtt", name: "devices", type: readingType, listen: "127.0.0.1:0", class: "derived", stream, ...(app === undefined ? {} : { gives: app.gives }) },
    { kind: "bulk", name: bulkSource, type: readingType, listen: "127.0.0.1:0", class: "derived", stream },
  ],
  functions: app?.functions ?? (withFunction ? [{ name: "judge", module: functionPath }] : []),
  models: app?.models ?? [],
  ...(app?.reductions === undefined ? {} : { reductions: app.reductions }),
  egress: [{ class: "derived", to: "*" }],
});

async function deploy(folder: string, data: string, api: string, manifest: unknown): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "holon.app.json"), JSON.stringify(manifest));
  const child = spawn(process.execPath, [holonProgram, "app", "deploy", folder, "--api", api, "--data", data], { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`the app was not deployed (exit code ${String(code)})`);
}
