/** The local API of one node: of the one at `--api`, or of another by the name that control knows it by. */
import { HolonError } from "@holon/core/errors.ts";
import { connectApi, type Client, type ClientOptions } from "./client.ts";
import { readToken } from "./machine/token.ts";
import { listNodeRows } from "./command/node.ts";

/** `HOLON_NODE_UNKNOWN`, `HOLON_API_UNREACHABLE`. */
export async function connectNode(options: ClientOptions, node: string | undefined): Promise<Client> {
  const first = await connectApi(options);
  if (node === undefined) return first;
  const nodes = await listNodeRows(first);
  const known = nodes.find((row) => row.name === node);
  if (known === undefined) throw new HolonError("HOLON_NODE_UNKNOWN", `no node ${node} was ever heard`);
  if (known.api === null) throw new HolonError("HOLON_API_UNREACHABLE", `${node} has told no local API`);
  if (!isHere(known.api, options.api)) throw new HolonError("HOLON_API_UNREACHABLE", `${node} says that its API is at ${known.api}, which is another machine: no token is sent there`, { next: "Run the command on that machine, or name its API with --api." });
  const token = await readToken(options.data); // people are known at control alone
  return connectApi({ ...options, api: known.api, ...(token === undefined ? {} : { token }) });
}

/** A node says itself where its API is, and what is sent there carries this machine's token. */
function isHere(claimed: string, own: string): boolean {
  if (!URL.canParse(claimed)) return false;
  const { protocol, hostname } = new URL(claimed);
  return protocol === "http:" && (/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname) || hostname === new URL(own).hostname);
}
