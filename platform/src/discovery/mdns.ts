/**
 * DNS-based service discovery (RFC 6763) over multicast DNS (RFC 6762). A node is `<name>._holon._tcp.local`: SRV says the port and
 * the host, TXT the site. What is heard is outside input: anything that does not fit is passed over, and nothing is stored here.
 */
import { isIP } from "node:net";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Announcement, Discovery } from "@holon/core/ports.ts";
import { isNodeName } from "@holon/core/units.ts";
import createMulticastDns, { type Options, type ResponsePacket } from "multicast-dns";
import { parseAddress, printAddress } from "../net/address.ts";

const service = "_holon._tcp.local";
const timeToLiveSeconds = 120;

type Answer = NonNullable<ResponsePacket["answers"]>[number];

/** `options` go to the socket, for example `interface` and `port`. */
export function createMulticastDiscovery(options: Options = {}): Discovery {
  return {
    open: (self, heard) =>
      new Promise((resolve, reject) => {
        const socket = createMulticastDns({ ...options, loopback: true });
        const answers = recordsOf(self);
        let ready = false;
        const ask = (): void => {
          socket.query([{ name: service, type: "PTR" }]);
          socket.respond({ answers });
        };
        const timer = setInterval(ask, limits.discoveryRepeatMs);
        timer.unref();
        const close = (): Promise<void> => {
          clearInterval(timer);
          return new Promise((closed) => socket.destroy(() => closed()));
        };
        // After the first packet an error is a lost announcement, and the next is told soon.
        socket.on("error", (error: Error) => {
          reject(new HolonError("HOLON_DISCOVERY_FAILED", `multicast DNS: ${error.message}`, { cause: error }));
          if (!ready) void close();
        });
        socket.on("warning", () => undefined); // packets that are none, from whoever is on this network
        socket.on("query", ({ questions = [] }) => {
          if (questions.some(({ name }) => name === service)) socket.respond({ answers });
        });
        socket.on("response", ({ answers: said = [], additionals = [] }) => {
          for (const announcement of readRecords([...said, ...additionals])) {
            if (announcement.name !== self.name && announcement.site === self.site) heard(announcement);
          }
        });
        socket.once("ready", () => {
          ready = true;
          ask();
          resolve({ close });
        });
      }),
  };
}

function recordsOf({ name, site, address }: Announcement): Answer[] {
  const { host, port } = parseAddress(address, "wss");
  const instance = `${name}.${service}`;
  const target = isIP(host) === 0 ? host : `${name}.local`;
  const records: Answer[] = [
    { name: service, type: "PTR", ttl: timeToLiveSeconds, data: instance },
    { name: instance, type: "SRV", ttl: timeToLiveSeconds, data: { port, target } },
    { name: instance, type: "TXT", ttl: timeToLiveSeconds, data: [`site=${site}`] },
  ];
  if (isIP(host) === 4) records.push({ name: target, type: "A", ttl: timeToLiveSeconds, data: host });
  if (isIP(host) === 6) records.push({ name: target, type: "AAAA", ttl: timeToLiveSeconds, data: host });
  return records;
}

/** Nodes that are told whole in one packet. */
export function readRecords(records: readonly Answer[]): readonly Announcement[] {
  const found: Announcement[] = [];
  for (const record of records) {
    if (record.type !== "SRV" || !record.name.endsWith(`.${service}`)) continue;
    const name = record.name.slice(0, -service.length - 1);
    const site = siteOf(records, record.name);
    const { port, target } = record.data;
    if (!isNodeName(name) || site === undefined) continue;
    const address = printAddress("wss", { host: addressOf(records, target) ?? target, port });
    if (isAddress(address)) found.push({ name, site, address });
  }
  return found;
}

function addressOf(records: readonly Answer[], host: string): string | undefined {
  for (const record of records) if ((record.type === "A" || record.type === "AAAA") && record.name === host) return record.data;
  return undefined;
}

function siteOf(records: readonly Answer[], instance: string): string | undefined {
  for (const record of records) {
    if (record.type !== "TXT" || record.name !== instance) continue;
    const texts = [record.data].flat().map((text) => (typeof text === "string" ? text : Buffer.from(text).toString("utf8")));
    const site = texts.find((text) => text.startsWith("site="));
    if (site !== undefined) return site.slice("site=".length);
  }
  return undefined;
}

function isAddress(text: string): boolean {
  try {
    parseAddress(text, "wss");
    return true;
  } catch {
    // Said by whoever is on this network: no error of ours.
    return false;
  }
}
