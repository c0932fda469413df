/** `holon link cut|heal NODE`: for trying an outage. Spoken to the node itself, since a cut link cannot carry it. */
import { HolonError } from "@holon/core/errors.ts";
import { connectApi, doneSchema, type ClientOptions } from "../client.ts";
import { nodesSchema } from "./node.ts";

export async function steerLink(options: ClientOptions, node: string, verb: "cut" | "heal", json: boolean): Promise<void> {
  const control = await connectApi(options);
  const { nodes } = await control.get("/v1/nodes", nodesSchema);
  const known = nodes.find((row) => row.name === node);
  if (known === undefined) throw new HolonError("HOLON_NODE_UNKNOWN", `no node ${node} was ever heard`);
  if (known.api === null) throw new HolonError("HOLON_API_UNREACHABLE", `${node} has told no local API`);
  const client = await connectApi({ ...options, api: known.api });
  await client.send("POST", `/v1/link/${verb}`, undefined, doneSchema);
  process.stdout.write(json ? `${JSON.stringify({ node, uplink: verb === "cut" ? "cut" : "healing" })}\n` : `the uplink of ${node} is ${verb === "cut" ? "cut" : "healing"}\n`);
}
