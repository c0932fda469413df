/** The cloud of suite `link`, a process of its own so that each end has a core. Says `ready`, answers `figures`, ends with its parent. */
import { keepDesired } from "@holon/node/desired/documents.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { isNodeName } from "@holon/core/units.ts";
import { openBenchNode } from "./link-node.ts";
import type { CloudFigures, FromCloud, ToCloud } from "./link-cloud-process.ts";
import { serveRawTls } from "./link-raw-tls.ts";

const gateway = "gateway-1";

const [folder] = process.argv.slice(2);
if (folder === undefined || process.send === undefined || !isNodeName(gateway)) throw new Error("this is started by suite link, with a folder");
const cloud = await openBenchNode(folder, { name: "cloud-1", tier: "cloud", listen: "127.0.0.1:0" });
const { node, identity } = cloud;
if (node.address === undefined) throw new Error("the cloud does not listen");
// The way an app's egress rules reach a node: in its desired document, down the link, to the guard.
await keepDesired(node.log, gateway, new TextEncoder().encode(JSON.stringify(desired())));
const raw = await serveRawTls(identity.credentials());

const tell = (message: FromCloud): void => void process.send?.(message);
process.on("message", (message: ToCloud) => {
  if (message === "figures") tell({ figures: figures() });
  else void end();
});
process.once("disconnect", () => void end());
tell({ ready: { address: node.address, rawTlsPort: raw.port } });

function figures(): CloudFigures {
  const { user, system } = process.cpuUsage();
  return { processorMs: (user + system) / 1000, decompressMs: cloud.zstd.decompressMs };
}

function desired(): Desired {
  const app = { apiVersion: "holon/v1", name: "bench", version: "1", sources: [], functions: [], models: [] } as const;
  return { apiVersion: "holon/v1", kind: "Desired", node: gateway, version: 1, plan: "bench", apps: [{ ...app, sources: [], functions: [], models: [], egress: [{ class: "derived", to: "*" }] }] };
}

async function end(): Promise<void> {
  raw.close();
  await cloud.close();
  process.exit();
}
