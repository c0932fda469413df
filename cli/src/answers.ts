/** Whether anybody takes connections at an address. */
import { connect } from "node:net";

export function answers(host: string, port: number, withinMs = 1_000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: withinMs });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    // Where this process itself got no turn for so long, its own clock is heard before the connection that was made meanwhile.
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", () => setImmediate(end(false)));
  });
}
