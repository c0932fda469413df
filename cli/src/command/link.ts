/** `holon link cut|heal NODE`: for trying an outage. Spoken to the node itself, since a cut link cannot carry it. */
import { doneSchema, type ClientOptions } from "../client.ts";
import { connectNode } from "../connect-node.ts";

export async function steerLink(options: ClientOptions, node: string, verb: "cut" | "heal", json: boolean): Promise<void> {
  const client = await connectNode(options, node);
  await client.send("POST", `/v1/link/${verb}`, undefined, doneSchema);
  process.stdout.write(json ? `${JSON.stringify({ node, uplink: verb === "cut" ? "cut" : "healing" })}\n` : `the uplink of ${node} is ${verb === "cut" ? "cut" : "healing"}\n`);
}
