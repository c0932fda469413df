/** A line to an API of this machine that can go dead: nobody closes it, and nothing comes through any more. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface Line {
  readonly api: string;
  die(): void;
}

export async function lineTo(context: TestContext, api: string): Promise<Line> {
  const open = new Set<Socket>();
  let isDead = false;
  const server = createServer((near) => {
    open.add(near.on("error", () => undefined));
    if (isDead) return;
    const far = connect(Number(new URL(api).port), "127.0.0.1");
    open.add(far.on("error", () => undefined));
    far.pipe(near).pipe(far);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    die() {
      isDead = true;
      for (const socket of open) socket.unpipe().pause();
    },
  };
}
