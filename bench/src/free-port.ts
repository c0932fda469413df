import { once } from "node:events";
import { createServer } from "node:net";

/** A port of loopback that nobody has at this moment: for programs that cannot be told to choose one themselves, or must keep it over a restart. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}
