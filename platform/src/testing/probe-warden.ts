/** What code with the run of a warden's whole process could do: tries it in one with the same rights. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { wardenStart, type WardenStart } from "../runner/warden.ts";

export async function probeWarden(server: unknown, start: WardenStart): Promise<unknown> {
  const child = fork(fileURLToPath(new URL("./probe-warden-process.ts", import.meta.url)), [JSON.stringify(server)], wardenStart(start));
  const [found] = await once(child, "message");
  child.disconnect();
  return found;
}
