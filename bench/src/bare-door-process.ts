/** Starts the process behind `bare-door.ts`. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { endsWithBench } from "./child-ends.ts";

export interface BareDoor {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startBareDoor(folder: string): Promise<BareDoor> {
  const child = fork(fileURLToPath(new URL("bare-door.ts", import.meta.url)), [folder], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  endsWithBench(child);
  const ended = once(child, "exit");
  const [port] = await Promise.race([once(child, "message"), ended.then(() => Promise.reject(new Error("the bare door ended before it was open")))]);
  if (typeof port !== "number") throw new Error("the bare door has no port");
  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
