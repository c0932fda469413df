import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";
import type { Announcement } from "@holon/core/ports.ts";
import { isNodeName } from "@holon/core/units.ts";
import { discoveryContract } from "@holon/sim/contracts/discovery.ts";
import { createMulticastDiscovery, readRecords } from "./discovery/mdns.ts";
import { createDiscovery } from "./discovery.ts";

const self = (): Announcement => {
  const name = "gateway-1";
  assert.ok(isNodeName(name));
  return { name, site: "plant", address: "wss://127.0.0.1:7401" };
};

test("siblings with addresses are known at once, without a network", async () => {
  const heard: Announcement[] = [];
  const open = await createDiscovery([{ name: "gateway-2", address: "wss://127.0.0.1:7402" }]).open(self(), (sibling) => heard.push(sibling));
  await open.close();
  assert.deepEqual(heard, [{ name: "gateway-2", site: "plant", address: "wss://127.0.0.1:7402" }]);
});

test("records that do not fit are passed over", () => {
  const instance = "gateway-2._holon._tcp.local";
  const srv = { name: instance, type: "SRV", data: { port: 7402, target: "gateway-2.local" } } as const;
  const txt = { name: instance, type: "TXT" as const, data: [Buffer.from("site=plant")] };
  const a = { name: "gateway-2.local", type: "A", data: "192.168.7.2" } as const;
  assert.deepEqual(readRecords([srv, txt, a]), [{ name: "gateway-2", site: "plant", address: "wss://192.168.7.2:7402" }]);
  assert.deepEqual(readRecords([srv, a]), [], "no site");
  assert.deepEqual(readRecords([{ ...srv, name: "No Node._holon._tcp.local" }, { ...txt, name: "No Node._holon._tcp.local" }, a]), [], "no node name");
  assert.deepEqual(readRecords([{ ...srv, data: { port: 7402, target: "a b/c" } }, txt]), [], "no host");
});

/** On loopback and a port of our own, so that nothing is told to, or heard from, the network around. */
const port = 45_353;
discoveryContract(
  "multicast DNS",
  () => {
    const create = () => createMulticastDiscovery({ port, interface: "127.0.0.1", bind: "0.0.0.0" });
    return { port: [create(), create(), create()], drive: (work) => work, dispose: () => Promise.resolve() };
  },
  { skip: (await canMulticast()) ? false : "this machine lets no multicast through on loopback" },
);

/** Whether a datagram sent to the group comes back on loopback. */
function canMulticast(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    const end = (works: boolean): void => {
      clearTimeout(timer);
      socket.close();
      resolve(works);
    };
    const timer = setTimeout(() => end(false), 1_000);
    socket.once("error", () => end(false));
    socket.once("message", () => end(true));
    socket.bind(0, () => {
      try {
        socket.setMulticastInterface("127.0.0.1");
        socket.addMembership("224.0.0.251", "127.0.0.1");
        socket.setMulticastLoopback(true);
        socket.send("ping", socket.address().port, "224.0.0.251");
      } catch {
        // No route for multicast here.
        end(false);
      }
    });
  });
}
