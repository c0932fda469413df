/** The local API of one node: of the one at `--api`, or of another by the name that control knows it by. */
import { HolonError } from "@holon/core/errors.ts";
import { connectApi, type Client, type ClientOptions } from "./client.ts";
import { readToken } from "./machine/token.ts";
import { nodesSchema } from "./command/node.ts";

/** `HOLON_NODE_UNKNOWN`, `HOLON_API_UNREACHABLE`. */
export async function connectNode(options: ClientOptions, node: string | undefined): Promise<Client> {
  const first = await connectApi(options);
  if (node === undefined) return first;
  const { nodes } = await first.get("/v1/nodes", nodesSchema);
  const known = nodes.find((row) => row.name === node);
  if (known === undefined) throw new HolonError("HOLON_NODE_UNKNOWN", `no node ${node} was ever heard`);
  if (known.api === null) throw new HolonError("HOLON_API_UNREACHABLE", `${node} has told no local API`);
  const token = await readToken(options.data); // people are known at control alone
  return connectApi({ ...options, api: known.api, ...(token === undefined ? {} : { token }) });
}
