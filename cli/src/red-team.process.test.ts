/** What only the real transport shows. Other attempts over TLS stand in platform/src/identity.test.ts and net.test.ts; docs/internals/red-team.md lists all. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { audited, isOpen, Machines, plant } from "./testing/machines.ts";
import { until } from "./testing/wait.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";

const turn = takesTurns(2);

/** What a stranger with no certificate is answered; undefined where the door was shut before that. */
function knock(address: string, path: string, body: string): Promise<number | undefined> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => {
    const outgoing = request({ hostname, port, path, method: "POST", rejectUnauthorized: false, minVersion: "TLSv1.3", agent: false, headers: { "content-length": Buffer.byteLength(body) } }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode));
      response.once("error", () => resolve(undefined));
    });
    outgoing.once("error", () => resolve(undefined));
    outgoing.end(body);
  });
}

turn("a flooded lobby: strangers are refused, the trail tells of them once, and who is invited comes in meanwhile", async (context) => {
  const machines = new Machines(context);
  const cloud = await machines.start({ ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0" });
  const address = cloud.node.address ?? "";
  const csr = `-----BEGIN CERTIFICATE REQUEST-----\n${"A".repeat(300)}\n-----END CERTIFICATE REQUEST-----`;
  const asks: readonly (readonly [string, string])[] = [
    ["/v1/enroll", JSON.stringify({ invitation: "0".repeat(16), csr, proof: "AAAA" })],
    ["/v1/enroll", "rubbish"],
    ["/v1/enroll", "x".repeat(100_000)],
    ["/v1/renew", JSON.stringify({ csr, chain: [csr], proof: "AAAA" })],
    ["/v1/nodes", "{}"],
  ];
  let isOver = false;
  const answers = new Map<number | undefined, number>();
  const flood = async (): Promise<void> => {
    for (let index = 0; !isOver; index++) {
      const [path, body] = asks[index % asks.length] ?? ["", ""];
      const status = await knock(address, path, body);
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
  };
  const flooding = Promise.all(Array.from({ length: 12 }, flood));
  await machines.enroll(await machines.invite(cloud, "gateway-1"));
  const gateway = await machines.start({ ...plant, name: "gateway-1", tier: "gateway", parent: address });
  await until("the one who was invited is linked", isOpen(gateway));
  isOver = true;
  await flooding;
  assert.ok([...answers.keys()].every((status) => status === undefined || [403, 404, 503].includes(status)), JSON.stringify([...answers]));
  assert.ok((answers.get(403) ?? 0) > 50, JSON.stringify([...answers]));
  const told = await audited(cloud, "holon.node.refused");
  assert.ok(told.length >= 1 && told.length <= 3, `${told.length}`);
});

turn("a node of another tier than it was enrolled for does not start as that", async (context) => {
  const machines = new Machines(context);
  const cloud = await machines.start({ ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0" });
  await machines.enroll(await machines.invite(cloud, "gateway-1"));
  await assert.rejects(machines.start({ ...plant, name: "gateway-1", tier: "cloud", parent: cloud.node.address }), { code: "HOLON_IDENTITY_FALSE", message: /configured as cloud and was enrolled as gateway/ });
});
