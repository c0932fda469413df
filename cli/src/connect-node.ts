/** The local API of one node: of the one at `--api`, or of another of the same data folder by its name. A token is shown to those that issued it alone: where a node says that it is reached is no reason to. */
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import { connectApi, isNoSuchPath, type Client, type ClientOptions } from "./client.ts";
import { readApi } from "./machine/own-api.ts";
import { readToken } from "./machine/token.ts";
import { listNodeRows } from "./command/node.ts";

/** `HOLON_NODE_UNKNOWN`, `HOLON_API_UNREACHABLE`. */
export async function connectNode(options: ClientOptions, node: string | undefined): Promise<Client> {
  const first = await connectApi(options);
  if (node === undefined) return first;
  const nodes = await listNodeRows(first).catch((error: unknown) => (isNoSuchPath(error) ? undefined : Promise.reject(error)));
  const known = nodes?.find((row) => row.name === node);
  if (nodes === undefined) return connectWithoutControl(options, first, node);
  if (known === undefined) await first.get(`/v1/nodes/${encodeURIComponent(node)}`, z.unknown()); // control says why it lists none of that name
  if (known === undefined) throw new HolonError("HOLON_NODE_UNKNOWN", `no node ${node} was ever heard`);
  const api = await readApi(options.data, node);
  if (api === undefined) throw new HolonError("HOLON_API_UNREACHABLE", `${node} does not run out of ${options.data}, and says that its API is at ${known.api ?? "no address"}: no token is sent there`, { next: "Run the command on its machine, with --data for its data folder and --api for its API." });
  return connectAsMachine(options, api);
}

/** People are known at control alone. */
const connectAsMachine = async (options: ClientOptions, api: string): Promise<Client> => connectApi({ ...options, api, token: (await readToken(options.data)) ?? "", isOwn: true });

const nameSchema = z.looseObject({ node: z.string() });

/** A node without control knows itself, and the folder knows who else runs out of it. */
async function connectWithoutControl(options: ClientOptions, first: Client, node: string): Promise<Client> {
  const { node: name } = await first.get("/v1/status", nameSchema);
  if (name === node) return first;
  const api = await readApi(options.data, node);
  if (api === undefined) throw new HolonError("HOLON_API_UNREACHABLE", `the API at ${options.api} is that of ${name}, which carries no control and knows of no other node's API; ${node} does not run out of ${options.data}`, { next: `Run the command on the machine of ${node}, with --data for its data folder and --api for its API.` });
  return connectAsMachine(options, api);
}
