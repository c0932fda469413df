/** A producer as users have it: the sdk's, on a socket of `node:net`. */
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { createProducer } from "@holon/sdk/producer.ts";
import type { OpenLoadClient } from "./client-load.ts";
import { bulkSource } from "./holon-pair.ts";

const about = { subject: "bench/reading" } as const;

export const openBulkClient: OpenLoadClient = async ({ port, payloadOf }, acknowledged) => {
  let ended: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (ended = resolve));
  const producer = createProducer({ source: bulkSource, producer: "bench", connect: () => connect({ port, host: "127.0.0.1", noDelay: true }), wait });
  return {
    send(from, count) {
      let last: Promise<void> | undefined;
      let many = 0;
      const hear = (done: Promise<void>, events: number): void => void done.then(() => acknowledged(events), ended);
      for (let index = from; index < from + count; index++) {
        const done = producer.publishJson(payloadOf(index), about); // one promise for all events of a batch
        if (done === last) many += 1;
        else {
          if (last !== undefined) hear(last, many);
          [last, many] = [done, 1];
        }
      }
      if (last !== undefined) hear(last, many);
    },
    closed,
    close: () => producer.close(),
  };
};
