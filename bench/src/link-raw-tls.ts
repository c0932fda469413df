/** The physical limit of a link: the same bytes over a bare TLS 1.3 socket between the same two processes, then one byte back. */
import { once } from "node:events";
import { connect, createServer, type TLSSocket } from "node:tls";
import type { Credentials } from "@holon/platform/identity.ts";

const lengthBytes = 8;

/** Reads an announced number of bytes, again and again, and answers each with one byte. */
export async function serveRawTls({ keyPem, chainPem, rootPem }: Credentials): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<TLSSocket>();
  const server = createServer({ key: keyPem, cert: chainPem, ca: rootPem, requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.3" }, (socket) => {
    sockets.add(socket);
    let missing = 0;
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes: Buffer) => {
      // The announcement comes alone in its own record, because the other end waits between two transfers.
      if (missing === 0) missing = bytes.readDoubleLE(0) + lengthBytes;
      missing -= bytes.length;
      if (missing === 0) socket.write(".");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the bare TLS server has no port");
  return {
    port: address.port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

export interface RawTls {
  /** Sends `count` times the piece; resolves when the other end has it all. */
  transfer(piece: Uint8Array, count: number): Promise<void>;
  close(): void;
}

export async function connectRawTls(port: number, { keyPem, chainPem, rootPem }: Credentials): Promise<RawTls> {
  const socket = connect({ host: "127.0.0.1", port, key: keyPem, cert: chainPem, ca: rootPem, rejectUnauthorized: false, minVersion: "TLSv1.3" });
  await once(socket, "secureConnect");
  return {
    async transfer(piece, count) {
      const answered = once(socket, "data");
      const length = Buffer.alloc(lengthBytes);
      length.writeDoubleLE(piece.length * count);
      socket.write(length);
      for (let index = 0; index < count; index++) if (!socket.write(piece)) await once(socket, "drain");
      await answered;
    },
    close: () => socket.destroy(),
  };
}
