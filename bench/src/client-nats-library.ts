/** What a Node program has at hand to publish into JetStream: NATS's own client library. Each publish resolves when the server answers for it. */
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { OpenLoadClient } from "./client-load.ts";
import { natsSubject } from "./client-nats.ts";

export const openNatsLibraryClient: OpenLoadClient = async ({ port, payloadOf }, acknowledged) => {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  const stream = jetstream(connection);
  let end: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (end = resolve));
  void connection.closed().then(() => end());
  /** Answers of one turn are told together, as a receiver of many would. */
  let heard = 0;
  const hear = (): void => {
    if (heard++ === 0) setImmediate(tell);
  };
  const tell = (): void => {
    const count = heard;
    heard = 0;
    acknowledged(count);
  };
  return {
    send(from, count) {
      for (let index = from; index < from + count; index++) stream.publish(natsSubject, payloadOf(index)).then(hear, end);
    },
    closed,
    close: () => void connection.close(),
  };
};
