/** nats-server: a stream on a leaf node, which a stream of the hub has as its source, in a JetStream domain each. */
import { once } from "node:events";
import { connect } from "node:net";
import { freePort } from "./free-port.ts";
import { benchStream, startNats, type NatsServer } from "./rival-nats.ts";
import { numberOf } from "./payloads.ts";
import { addNumber, type Replicator } from "./replicator.ts";
import { until } from "./until.ts";

const hubStream = "HUB";

export async function startNatsReplicator(path: string, folder: string): Promise<Replicator> {
  const leafPort = await freePort();
  const hub = await startNats({ path, folder, name: "hub", jetstream: ["domain: hub"], more: [`leafnodes { listen: "127.0.0.1:${leafPort}" }`] });
  const leaf = await startNats({ path, folder, name: "leaf", jetstream: ["domain: leaf"], more: [`leafnodes { remotes: [ { url: "nats://127.0.0.1:${leafPort}" } ] }`] });
  await leaf.ask(`$JS.API.STREAM.CREATE.${benchStream.name}`, benchStream);
  await until("the leaf is linked to the hub", () => hub.ask("$JS.leaf.API.INFO", undefined).then(() => true, () => false));
  await hub.ask(`$JS.API.STREAM.CREATE.${hubStream}`, { name: hubStream, storage: "file", retention: "limits", discard: "old", num_replicas: 1, sources: [{ name: benchStream.name, external: { api: "$JS.leaf.API", deliver: "" } }] });
  return {
    name: "jetStream",
    source: leaf,
    hub,
    order: () => ({ kind: "nats", port: leaf.port }),
    arrived: () => messagesIn(hub).catch(() => Number.NaN),
    count: async () => readAll(hub, await messagesIn(hub)),
    async end() {
      await leaf.stop();
      await hub.stop();
    },
  };
}

async function messagesIn(hub: NatsServer): Promise<number> {
  const { state } = await hub.ask(`$JS.API.STREAM.INFO.${hubStream}`, undefined);
  return typeof state === "object" && state !== null && "messages" in state ? Number(state.messages) : Number.NaN;
}

/** All messages of the hub's stream, through a consumer that acknowledges nothing. */
async function readAll(hub: NatsServer, messages: number): Promise<ReadonlyMap<number, number>> {
  const socket = connect({ host: "127.0.0.1", port: hub.port });
  await once(socket, "data"); // INFO
  const inbox = "bench.read.all";
  socket.write(`CONNECT {"verbose":false}\r\nSUB ${inbox} 1\r\nPING\r\n`);
  await once(socket, "data"); // PONG
  const counts = new Map<number, number>();
  let seen = 0;
  let rest = "";
  socket.setEncoding("latin1").on("data", (piece: string) => {
    const lines = (rest + piece).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const number = numberOf(line);
      if (number !== undefined) seen += 1;
      addNumber(counts, number);
    }
  });
  await hub.ask(`$JS.API.CONSUMER.CREATE.${hubStream}`, { stream_name: hubStream, config: { deliver_subject: inbox, deliver_policy: "all", ack_policy: "none", replay_policy: "instant" } });
  await until(`${messages} messages were read from the hub`, () => seen >= messages);
  socket.destroy();
  return counts;
}
