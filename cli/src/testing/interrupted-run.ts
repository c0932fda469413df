/** A replay that was killed with its uplink cut: the parent holds a part of what may leave, the rest waits on the gateway. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { readToken } from "../machine/token.ts";
import { freePortBase } from "./free-ports.ts";
import { onceArguments, startHolon } from "./holon-process.ts";
import { until } from "./wait.ts";

/** The aggregate of which the parent holds some and the gateway more. */
export const waitingText = '{"type":"pump.minute"';

/** Its data folder. */
export async function interruptedRun(context: TestContext, files: readonly string[]): Promise<string> {
  const data = tempFolder(context);
  const base = await freePortBase();
  // Slow enough that it is long from over when it is cut and killed, also where the machine is busy.
  const holon = startHolon(context, onceArguments(files, data, "--speed", "100", "--port-base", `${base}`));
  const minutes = (node: string): number => {
    if (!holon.isRunning()) throw new Error(holon.stderr());
    return logBytes(data, node).toString("latin1").split(waitingText).length - 1;
  };
  await until("the parent holds some", () => minutes("edge-1") >= 3);
  const authorization = `Bearer ${(await readToken(data)) ?? ""}`;
  const answer = await fetch(`http://127.0.0.1:${base + 6}/v1/link/cut`, { method: "POST", headers: { authorization } });
  if (!answer.ok) throw new Error(`the link was not cut: ${answer.status}`);
  await until("more waits on the gateway", () => minutes("gateway-1") >= minutes("edge-1") + 4);
  holon.signal("SIGKILL");
  await holon.ended;
  return data;
}

function logBytes(data: string, node: string): Buffer {
  const folder = join(data, node, "log");
  if (!existsSync(folder)) return Buffer.alloc(0);
  return Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
}
