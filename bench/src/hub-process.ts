/** The hub of suite `hub`, a process of its own so that its memory is its own. Says `ready`, answers `figures`, ends with its parent. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { AdmissionStatus } from "@holon/core/link/admission.ts";

export interface HubFigures {
  readonly residentBytes: number;
  /** User and system time of the process since it began. */
  readonly processorMs: number;
  readonly admission: AdmissionStatus;
  readonly records: number;
}

export type FromHub = { readonly ready: string } | { readonly figures: HubFigures };

export interface HubProcess {
  readonly address: string;
  figures(): Promise<HubFigures>;
  end(): Promise<void>;
}

export async function startHub(folder: string): Promise<HubProcess> {
  const child = fork(fileURLToPath(new URL("hub-node.ts", import.meta.url)), [folder], { stdio: ["ignore", "ignore", "inherit", "ipc"], execArgv: ["--expose-gc"] });
  const ended = once(child, "exit");
  const first = await answer(child);
  if (!("ready" in first)) throw new Error("the hub's process began with something else");
  return {
    address: first.ready,
    async figures() {
      const next = answer(child);
      child.send("figures");
      const said = await next;
      if (!("figures" in said)) throw new Error("the hub's process answered something else");
      return said.figures;
    },
    async end() {
      if (child.connected) child.send("end");
      await ended;
    },
  };
}

function answer(child: ChildProcess): Promise<FromHub> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error("the hub's process ended"));
    child.once("exit", gone);
    child.once("message", (message: FromHub) => {
      child.removeListener("exit", gone);
      resolve(message);
    });
  });
}
