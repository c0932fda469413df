/** One node, until it is told to stop. This is what a node's program has loaded for months: it loads nothing that reads commands or YAML. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { toHolonError } from "@holon/core/errors.ts";
import { differenceSchema } from "@holon/core/measure/measured.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { giveBackUnused } from "@holon/platform/give-back.ts";
import { oneFile } from "@holon/platform/one-file.ts";
import { z } from "zod";
import { aborted } from "../ending.ts";
import { becomeLean, flagsOf, takeAltered } from "./lean.ts";
import { ownProgram } from "./own-program.ts";
import { makeToken } from "./token.ts";

const nodeStartSchema = z.strictObject({
  config: nodeConfigSchema,
  configFile: z.string(),
  /** As the file was read. */
  configText: z.string(),
  /** The configuration is what this text says; otherwise it is one that was adopted. */
  isTextRun: z.boolean(),
  data: z.string(),
  api: z.string(),
  /** Folder of an exported app that it runs. */
  app: z.string().optional(),
  verbose: z.boolean(),
});
export type NodeStart = z.infer<typeof nodeStartSchema>;

/** Starts this program anew, lean, and runs the node there; where that cannot be, here. */
export async function runNodeLean(start: NodeStart, ended: AbortSignal): Promise<void> {
  await becomeLean(join(start.data, start.config.name), flagsOf(start.config), (cache) => fill(start, cache), JSON.stringify(start), ended);
  await runNode(start, ended);
}

/** What this program was told by the one before it, in whose place it is. */
export const runNodeAsTold = (start: string, ended: AbortSignal): Promise<void> => runNode(nodeStartSchema.parse(JSON.parse(start)), ended);

async function runNode({ config, configFile, configText, isTextRun, data, api, app, verbose }: NodeStart, ended: AbortSignal): Promise<void> {
  if (ended.aborted) return;
  const bundle = app === undefined ? undefined : await (await import("../app/bundle-folder.ts")).readBundle(app);
  giveBackUnused();
  const token = await makeToken(data);
  const { startNode } = await loadMachine();
  const isConfigChanged = (): Promise<boolean> => readFile(configFile, "utf8").then((now) => now !== configText, () => true);
  // By what reads YAML, which is loaded where the file is another by then.
  const checkConfig = async (now: string): Promise<void> => void (now === configText && isTextRun ? undefined : (await import("../command/node.ts")).parseConfig(now, configFile));
  const machine = await startNode({ config, configFile, trustsFirst: true, compiled: z.array(differenceSchema).parse(JSON.parse(takeAltered())), checkConfig, data, api, token, trace: { level: verbose ? "info" : "warn", output: process.stderr }, isConfigChanged });
  if (bundle !== undefined) {
    const { deployBundle } = await import("../app/bundle-folder.ts");
    await deployBundle(machine.control, bundle).catch(async (error: unknown) => {
      await machine.close();
      throw error;
    });
  }
  if (!ended.aborted) process.stdout.write(`${config.name} runs; local API ${machine.api}${machine.node.address === undefined ? "" : `, link ${machine.node.address}`}\n`);
  await aborted(ended);
  await machine.close();
}

/** Not for whoever starts no node. */
const loadMachine = () => import("./compose.ts");

/** What carries control has memory, and more that it may load than others; all else runs from one file. */
async function fill(start: NodeStart, cache: string): Promise<string | undefined> {
  const { warmSandbox } = await import("@holon/platform/runner/warm.ts");
  const one = start.config.control ? undefined : await makeOneFile(cache);
  if (one === undefined) await loadAll(start);
  await warmSandbox();
  return one;
}

/** Undefined where it cannot be made: then the program runs as it lies. */
async function makeOneFile(cache: string): Promise<string | undefined> {
  try {
    return await oneFile(ownProgram(cache));
  } catch (error) {
    const { code, message } = toHolonError(error);
    process.stderr.write(`the program could not be made into one file, and runs as it lies, in more memory: ${code} ${message}\n`);
    return undefined;
  }
}

/** All that this node loads as it starts, and what it verifies and issues with soon after: of the cache it believes what is made here, and strips the rest anew in each of its lives. */
async function loadAll({ config, data }: NodeStart): Promise<void> {
  await loadMachine();
  if (config.control) await Promise.all([import("@holon/control/index.ts"), import("@holon/platform/identity/authority.ts"), import("@holon/platform/identity/here.ts")]);
  if (config.control && config.provider !== undefined) await import("@holon/platform/provider.ts");
  const { pinnedPath } = await import("@holon/platform/trust/tuf.ts");
  if (existsSync(pinnedPath(join(data, config.name), "images"))) await import("@holon/platform/trust/tuf-session.ts");
  if (config.siblings.some(({ address }) => address === undefined)) await import("@holon/platform/discovery/mdns.ts");
}
