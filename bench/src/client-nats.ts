/**
 * The least that a NATS client does to publish into JetStream with acknowledgements: PUB with a reply subject, one subscription for
 * all answers. No client library between, so that what is measured is the server.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { LoadClient, OpenLoadClient } from "./client-load.ts";

export const natsSubject = "bench.reading";

export const openNatsClient: OpenLoadClient = async ({ port, payloadOf }, acknowledged) => {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "data"); // INFO
  const inbox = `_INBOX.${process.pid}${Math.random().toString(36).slice(2)}`;
  socket.write(`CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\nSUB ${inbox} 1\r\nPING\r\n`);
  await once(socket, "data"); // PONG
  readAcknowledgements(socket, inbox, acknowledged);
  return client(socket, inbox, payloadOf);
};

function client(socket: Socket, inbox: string, payloadOf: (index: number) => Buffer): LoadClient {
  const end = Buffer.from("\r\n");
  return {
    send(from, count) {
      const pieces: Buffer[] = [];
      for (let index = from; index < from + count; index++) {
        const payload = payloadOf(index);
        pieces.push(Buffer.from(`PUB ${natsSubject} ${inbox} ${payload.length}\r\n`, "latin1"), payload, end);
      }
      socket.write(Buffer.concat(pieces));
    },
    closed: new Promise((resolve) => {
      socket.on("error", () => undefined); // "close" follows
      socket.on("close", () => resolve());
    }),
    close: () => void socket.destroy(),
  };
}

/** Counts `MSG <inbox> 1 <size>` answers that name a sequence; the server's PING is answered. */
function readAcknowledgements(socket: Socket, inbox: string, acknowledged: (count: number) => void): void {
  let rest = "";
  socket.on("data", (piece: Buffer) => {
    rest += piece.toString("latin1");
    let count = 0;
    for (;;) {
      const lineEnd = rest.indexOf("\r\n");
      if (lineEnd < 0) break;
      if (rest.startsWith("MSG ")) {
        const size = Number(rest.slice(rest.lastIndexOf(" ", lineEnd) + 1, lineEnd));
        const bodyEnd = lineEnd + 2 + size;
        if (rest.length < bodyEnd + 2) break;
        const body = rest.slice(lineEnd + 2, bodyEnd);
        if (!body.includes('"seq"')) throw new Error(`JetStream answered ${body} to ${inbox}`);
        count += 1;
        rest = rest.slice(bodyEnd + 2);
      } else {
        if (rest.startsWith("PING")) socket.write("PONG\r\n");
        if (rest.startsWith("-ERR")) throw new Error(`the NATS server said ${rest.slice(0, lineEnd)}`);
        rest = rest.slice(lineEnd + 2);
      }
    }
    if (count > 0) acknowledged(count);
  });
}
