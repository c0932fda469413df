/** mosquitto: a broker with a bridge at QoS 1 to another one, where a subscriber with a session that is kept counts what comes. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { numberOf } from "./payloads.ts";
import { addNumber, type Replicator } from "./replicator.ts";
import { startRival } from "./rival-process.ts";
import { subscribeMqtt } from "./subscriber-mqtt.ts";

export async function startMosquittoReplicator(path: string, folder: string): Promise<Replicator> {
  const [hubPort, sourcePort] = [await freePort(), await freePort()];
  const hub = await startRival(path, ["-c", writeConfig(folder, "hub", hubPort, [])], hubPort);
  const bridge = ["connection bench", `address 127.0.0.1:${hubPort}`, "topic # out 1", "cleansession false", "restart_timeout 1 1", "bridge_attempt_unsubscribe false", "bridge_protocol_version mqttv311", "notifications false", "try_private true"];
  const source = await startRival(path, ["-c", writeConfig(folder, "source", sourcePort, bridge)], sourcePort);
  const counts = new Map<number, number>();
  let arrived = 0;
  const subscriber = await subscribeMqtt(hubPort, (payload) => {
    arrived += 1;
    addNumber(counts, numberOf(payload.toString("latin1")));
  });
  return {
    name: "mosquitto",
    source,
    hub,
    order: () => ({ kind: "mqtt", port: sourcePort }),
    arrived: () => Promise.resolve(arrived),
    count: () => Promise.resolve(counts),
    async end() {
      subscriber.close();
      await source.stop();
      await hub.stop();
    },
  };
}

/** As durable as it can be told to be without writing everything at each message: all it holds, every second. No bound on what waits. */
function writeConfig(folder: string, name: string, port: number, more: readonly string[]): string {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  const file = join(place, "mosquitto.conf");
  const lines = [
    ...(process.getuid?.() === 0 ? ["user root"] : []),
    `listener ${port} 127.0.0.1`, "allow_anonymous true", "persistence true", `persistence_location ${place}/`, "autosave_interval 1", "max_queued_messages 0", "max_inflight_messages 0", "set_tcp_nodelay true",
    ...more,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}
