/** A node as people run it: `holon node start`, a process of its own, with its own file of configuration. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endsWithBench } from "./child-ends.ts";

export const holonProgram = fileURLToPath(new URL("../../cli/src/holon.ts", import.meta.url));

export interface HolonProcess {
  readonly pid: number;
  /** `http://127.0.0.1:7402` */
  readonly api: string;
  /** Where children reach it, if it listens. */
  readonly link: string | undefined;
  get(path: string): Promise<unknown>;
  signal(name: NodeJS.Signals): void;
  /** Ends it as an operator does. */
  stop(): Promise<void>;
  /** Ends it as a power cut does. */
  kill(): Promise<void>;
}

export interface HolonProcessOptions {
  /** Folder of all nodes; the node's own is below it, under its name. */
  readonly data: string;
  readonly name: string;
  /** What `holon.node.yaml` holds beyond name, site and jurisdiction: JSON is YAML. */
  readonly config: Readonly<Record<string, unknown>>;
}

export async function startHolonNode({ data, name, config }: HolonProcessOptions): Promise<HolonProcess> {
  mkdirSync(data, { recursive: true });
  const file = join(data, `${name}.yaml`);
  writeFileSync(file, JSON.stringify({ apiVersion: "holon/v1", name, site: "bench", jurisdiction: "EU", ...config }));
  const child = spawn(process.execPath, [holonProgram, "node", "start", file, "--data", data, "--listen-api", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  endsWithBench(child);
  const ended = once(child, "exit");
  const line = await firstLine(child, name);
  const [, api, link] = /local API (\S+?)(?:, link (\S+))?$/.exec(line) ?? [];
  if (api === undefined || child.pid === undefined) throw new Error(`${name} said ${JSON.stringify(line)}`);
  const token = readFileSync(join(data, "api-token"), "utf8").trim();
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill("SIGCONT");
    child.kill(signal);
    await ended;
  };
  return {
    pid: child.pid,
    api,
    link,
    get: async (path) => {
      const response = await fetch(new URL(path, api), { headers: { authorization: `Bearer ${token}` } });
      if (!response.ok) throw new Error(`${name} answered ${response.status} to ${path}`);
      return response.json();
    },
    signal: (signal) => void child.kill(signal),
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

function firstLine(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
    child.once("exit", (code, signal) => reject(new Error(`${name} ended at its start (${code ?? signal})`)));
  });
}
