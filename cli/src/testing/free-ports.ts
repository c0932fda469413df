/** Seven ports in a row that nobody has. */
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { randomInt } from "node:crypto";

/** Below the range that systems hand out by themselves, so that they stay free until they are used. */
export async function freePortBase(): Promise<number> {
  for (;;) {
    const base = randomInt(10_000, 30_000);
    const servers: Server[] = [];
    try {
      for (let offset = 0; offset < 7; offset++) {
        const server = createServer().listen(base + offset, "127.0.0.1");
        servers.push(server);
        await once(server, "listening");
      }
      return base;
    } catch {
      continue; // one of them is taken: draw again
    } finally {
      for (const server of servers) server.close();
    }
  }
}
