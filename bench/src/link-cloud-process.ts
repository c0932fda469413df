/** Starts the cloud's process and talks with it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface CloudFigures {
  /** User and system time of the process since it began. */
  readonly processorMs: number;
  readonly decompressMs: number;
}

export interface CloudReady {
  readonly address: string;
  readonly rawTlsPort: number;
}

export type ToCloud = "figures" | "end";
export type FromCloud = { readonly ready: CloudReady } | { readonly figures: CloudFigures };

export interface CloudProcess extends CloudReady {
  figures(): Promise<CloudFigures>;
  end(): Promise<void>;
}

export async function startCloud(folder: string): Promise<CloudProcess> {
  const child = fork(fileURLToPath(new URL("link-cloud.ts", import.meta.url)), [folder], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const ended = once(child, "exit");
  const answers: FromCloud[] = [];
  let wake: () => void = () => undefined;
  child.on("message", (message: FromCloud) => {
    answers.push(message);
    wake();
  });
  child.on("exit", () => wake());
  const answer = async (): Promise<FromCloud> => {
    while (answers.length === 0) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the cloud's process ended (${child.exitCode ?? child.signalCode})`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
    const first = answers.shift();
    if (first === undefined) throw new Error("no answer of the cloud's process");
    return first;
  };
  const said = async (): Promise<CloudReady> => {
    const first = await answer();
    if (!("ready" in first)) throw new Error("the cloud's process began with something else");
    return first.ready;
  };
  return {
    ...(await said()),
    async figures() {
      child.send("figures" satisfies ToCloud);
      const next = await answer();
      if (!("figures" in next)) throw new Error("the cloud's process answered something else");
      return next.figures;
    },
    async end() {
      if (child.connected) child.send("end" satisfies ToCloud);
      await ended;
    },
  };
}
