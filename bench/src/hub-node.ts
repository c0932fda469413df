/** The process behind `hub-process.ts`. */
import { openBenchNode } from "./link-node.ts";
import type { FromHub, HubFigures } from "./hub-process.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined || process.send === undefined) throw new Error("this is started by suite hub, with a folder");
const hub = await openBenchNode(folder, { name: "hub", tier: "cloud", listen: "127.0.0.1:0" });
const { address } = hub.node;
if (address === undefined) throw new Error("the hub does not listen");

const tell = (message: FromHub): void => void process.send?.(message);
process.on("message", (message: unknown) => {
  if (message === "figures") tell({ figures: figures() });
  else void end();
});
process.once("disconnect", () => void end());
tell({ ready: address });

function figures(): HubFigures {
  globalThis.gc?.(); // so that what is counted is held, not left over
  const { admission, lanes } = hub.node.status();
  if (admission === undefined) throw new Error("the hub takes no children");
  const { user, system } = process.cpuUsage();
  return { residentBytes: process.memoryUsage.rss(), processorMs: (user + system) / 1000, admission, records: lanes.reduce((sum, lane) => sum + (lane.lane.startsWith("hub/") ? 0 : lane.sequence), 0) };
}

async function end(): Promise<void> {
  await hub.close();
  process.exit();
}
