/** Real nodes of one fleet, each in a folder of its own, and the commands that people use on them. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Event } from "@holon/core/schema/event.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { startNode, type MachineNode } from "../machine/compose.ts";
import { makeToken } from "../machine/token.ts";
import { runHolon } from "./holon-process.ts";

export const plant = { apiVersion: "holon/v1", site: "plant", jurisdiction: "EU/DE", control: false } as const;

export class Machines {
  readonly data: string;
  readonly #context: TestContext;
  readonly #running = new Set<MachineNode>();

  constructor(context: TestContext) {
    this.#context = context;
    this.data = tempFolder(context);
    writeFileSync(join(this.data, "synced"), "");
    context.after(async () => {
      for (const machine of [...this.#running].reverse()) await this.stop(machine);
    });
  }

  async start(config: Omit<NodeConfig, "clockSyncedFile" | "siblings">, data = this.data, configFile?: string): Promise<MachineNode> {
    const token = await makeToken(this.data);
    const machine = await startNode({ config: { ...config, siblings: [], clockSyncedFile: join(this.data, "synced") }, data, ...(configFile === undefined ? {} : { configFile }), start: { options: [], environment: {} }, api: "127.0.0.1:0", token, trace: { level: "error", output: process.stderr } });
    this.#running.add(machine);
    return machine;
  }

  async stop(machine: MachineNode): Promise<void> {
    if (this.#running.delete(machine)) await machine.close();
  }

  /** The command's stdout. */
  async holon(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await runHolon(this.#context, args);
    assert.equal(exitCode, 0, stderr);
    return stdout.trim();
  }

  invite(cloud: MachineNode, name: string, ...more: readonly string[]): Promise<string> {
    return this.holon("node", "invite", name, "--site", "plant", "--api", cloud.api, "--data", this.data, ...more);
  }

  enroll(token: string, ...more: readonly string[]): Promise<string> {
    return this.holon("node", "enroll", "--token", token, "--data", this.data, ...more);
  }
}

export const audited = async ({ node }: MachineNode, type: string): Promise<readonly Event[]> => (await node.log.find({ accepts: ({ stream }) => stream === "audit" || stream === "alarm", type, limit: 1_000 })).map(({ event }) => event);
export const isOpen = ({ node }: MachineNode) => (): boolean => node.status().uplink?.state === "open";
