/** What doors that listen share. */
import type { Server } from "node:net";
import { HolonError } from "@holon/core/errors.ts";
import { type Address, bindHost, loopbackNames, printAddress } from "../net/address.ts";

/** The address, if it is on this machine. `HOLON_CONFIG_BAD` otherwise. */
export function loopbackOnly(address: Address, source: string): Address {
  if (loopbackNames.some((name) => name === address.host)) return address;
  throw new HolonError("HOLON_CONFIG_BAD", `source ${source} cannot listen on ${address.host}: devices are not asked who they are, so the door stays on this machine`, {
    next: "Listen on 127.0.0.1, ::1 or localhost.",
  });
}

/** The port that is listened on. `HOLON_PORT_TAKEN`, `HOLON_CONFIG_BAD`. */
export function listenOn(server: Server, scheme: string, { host, port }: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on("error", (error) => {
      // Once it listens, an error is one connection that could not be taken (no descriptors left): the device tries again.
      const code = "code" in error ? String(error.code) : "";
      const where = printAddress(scheme, { host, port });
      if (code === "EADDRINUSE") reject(new HolonError("HOLON_PORT_TAKEN", `${where} is already in use`, { cause: error }));
      else reject(new HolonError("HOLON_CONFIG_BAD", `cannot listen on ${where} (${code})`, { cause: error, next: "Choose another address or port." }));
    });
    server.listen({ host: bindHost(host), port, exclusive: true }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
