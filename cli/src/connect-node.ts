/** The local API of one node: of the one at `--api`, or of another of the same data folder by its name. A token is shown to those that issued it alone: where a node says that it is reached is no reason to. */
import { HolonError } from "@holon/core/errors.ts";
import { connectApi, type Client, type ClientOptions } from "./client.ts";
import { readApi } from "./machine/own-api.ts";
import { readToken } from "./machine/token.ts";
import { listNodeRows } from "./command/node.ts";

/** `HOLON_NODE_UNKNOWN`, `HOLON_API_UNREACHABLE`. */
export async function connectNode(options: ClientOptions, node: string | undefined): Promise<Client> {
  const first = await connectApi(options);
  if (node === undefined) return first;
  const nodes = await listNodeRows(first);
  const known = nodes.find((row) => row.name === node);
  if (known === undefined) throw new HolonError("HOLON_NODE_UNKNOWN", `no node ${node} was ever heard`);
  const api = await readApi(options.data, node);
  if (api === undefined) throw new HolonError("HOLON_API_UNREACHABLE", `${node} does not run out of ${options.data}, and says that its API is at ${known.api ?? "no address"}: no token is sent there`, { next: "Run the command on its machine, with --data for its data folder and --api for its API." });
  return connectApi({ ...options, api, token: (await readToken(options.data)) ?? "" }); // people are known at control alone
}
