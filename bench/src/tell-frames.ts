import type { Net } from "@holon/core/ports.ts";

/** The same network; `told` is called after each frame that came in was handled, so that a mark is noticed without polling. */
export function tellFrames(net: Net, told: () => void): Net {
  return {
    listen: net.listen,
    async connect(address, expected) {
      const connection = await net.connect(address, expected);
      return {
        peer: connection.peer,
        send: (frame) => connection.send(frame),
        queuedBytes: () => connection.queuedBytes(),
        traffic: () => connection.traffic(),
        receive: (handlers) =>
          connection.receive({
            frame(bytes) {
              handlers.frame(bytes);
              told();
            },
            closed: (reason) => handlers.closed(reason),
          }),
        close: (reason) => connection.close(reason),
      };
    },
  };
}
