import type { Server } from "node:net";
import { HolonError } from "@holon/core/errors.ts";
import { isErrno } from "../disk/error.ts";
import { type Address, bindHost } from "./address.ts";

/** Binds a server and returns its port. `HOLON_PORT_TAKEN`; `HOLON_CONFIG_BAD` where the system does not let this user have it. */
export function bindServer(server: Server, { host, port }: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      reject(
        isErrno(cause, "EADDRINUSE")
          ? new HolonError("HOLON_PORT_TAKEN", `${host}:${port} is already in use`, { cause })
          : new HolonError("HOLON_CONFIG_BAD", `cannot listen on ${host}:${port}: ${cause.message}`, { cause }),
      );
    };
    server.once("error", fail);
    server.listen({ host: bindHost(host), port }, () => {
      server.removeListener("error", fail);
      // From now on an error is one newcomer that could not be taken in, for want of file handles; those inside are unharmed.
      server.on("error", () => undefined);
      const bound = server.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : port);
    });
  });
}
