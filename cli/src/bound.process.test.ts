/** A gateway whose identity is bound to a TPM (swtpm), over real links: it rotates, comes back, is copied, loses its TPM, and is enrolled anew. */
import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { softwareTpm } from "@holon/platform/testing/software-tpm.ts";
import { withTpm } from "@holon/platform/tpm/tools.ts";
import { z } from "zod";
import { need } from "../../scripts/testing/need.ts";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import type { MachineNode } from "./machine/compose.ts";
import { audited, isOpen, Machines, plant } from "./testing/machines.ts";
import { until } from "./testing/wait.ts";

const skip = need("swtpm").skip === false ? need("tpm2").skip : need("swtpm").skip;
const certificateMs = 6_000;
const patientMs = 120_000;
const fileSchema = z.looseObject({ chip: z.looseObject({ tcti: z.string() }).optional() });
const refusalSchema = z.object({ code: z.string(), node: z.string().nullable() });

const problemOf = ({ node }: MachineNode): string | undefined => node.status().uplink?.problem?.code;
/** No certificate that lies anywhere now is younger. */
const isOver = (): (() => boolean) => {
  const at = Date.now() + certificateMs + 1_000;
  return () => Date.now() > at;
};

test("a bound gateway rotates and comes back beyond its date; its stolen disk does neither; with a cleared TPM it works on and says what to do", onItsTurn(1, 2, skip), async (context) => {
  const machines = new Machines(context);
  const { data } = machines;
  const [tcti, elsewhere] = [await softwareTpm(context), await softwareTpm(context)];
  const cloud = await machines.start({ ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0", authority: { certificateMs } });
  // The gateway reaches the edge alone, which passes on what it asks, over their link and before there is one.
  await machines.enroll(await machines.invite(cloud, "edge-1", "--tier", "edge"));
  const edge = await machines.start({ ...plant, name: "edge-1", tier: "edge", listen: "127.0.0.1:0", parent: cloud.node.address, uplink: { node: "cloud-1" } });
  await until("the edge is linked", isOpen(edge), patientMs);
  assert.match(await machines.enroll(await machines.invite(cloud, "gateway-1"), "--tpm", tcti, "--at", edge.node.address ?? ""), /its identity is bound to its TPM$/);
  const config = { ...plant, name: "gateway-1", tier: "gateway", parent: edge.node.address, uplink: { node: "edge-1" } } as const;
  let gateway = await machines.start(config);
  await until("it is linked", isOpen(gateway), patientMs);
  const renewals = async (): Promise<number> => (await audited(cloud, "holon.node.renewed")).filter(({ subject }) => subject === "gateway-1").length;
  await until("it has another certificate, over the open link", async () => (await renewals()) >= 1, patientMs);
  assert.ok(isOpen(gateway)());
  await machines.stop(gateway);

  // The thief has the whole disk, in the clear, and a TPM of his own.
  const theft = tempFolder(context);
  cpSync(join(data, "gateway-1"), join(theft, "gateway-1"), { recursive: true });
  rmSync(join(theft, "gateway-1/lock"), { recursive: true, force: true });
  const stolenFile = join(theft, "gateway-1/identity/identity.json");
  const held = fileSchema.parse(JSON.parse(readFileSync(stolenFile, "utf8")));
  writeFileSync(stolenFile, JSON.stringify({ ...held, chip: { ...held.chip, tcti: elsewhere } }), { mode: 0o600 });
  await until("the certificate is over", isOver(), patientMs);
  const before = await renewals();
  const copy = await machines.start(config, theft);
  await until("the copy finds no signature", () => problemOf(copy) === "HOLON_CHIP_LOST", patientMs);
  await machines.stop(copy);
  const { chip: _, ...bare } = held;
  writeFileSync(stolenFile, JSON.stringify(bare), { mode: 0o600 });
  const forger = await machines.start({ ...config, sealing: { by: "tpm", tcti: elsewhere } }, theft);
  await until("another TPM's signature is refused", () => problemOf(forger) === "HOLON_CHIP_REFUSED", patientMs);
  await machines.stop(forger);
  const refused = (await audited(cloud, "holon.node.refused")).map(({ data: told }) => refusalSchema.parse(told));
  assert.ok(refused.some(({ code, node }) => code === "HOLON_CHIP_REFUSED" && node === "gateway-1"), JSON.stringify(refused));
  assert.equal(await renewals(), before);

  // The node itself.
  gateway = await machines.start(config);
  await until("it is back beyond its date", isOpen(gateway), patientMs);
  assert.ok((await renewals()) > before);

  // Its TPM is cleared.
  withTpm(tcti, (bench) => bench.run("tpm2_clear", "-Q"));
  await until("it says that its TPM does not sign", () => gateway.node.status().binding?.problem?.code === "HOLON_CHIP_LOST", patientMs);
  assert.match(gateway.node.status().binding?.problem?.next ?? "", /holon node invite NAME/);
  await until("its trail tells of it", async () => (await audited(gateway, "holon.node.unproved")).length === 1, patientMs);
  await until("its link ends with its certificate, when it next has to show one", async () => {
    if (isOpen(gateway)()) {
      await machines.stop(gateway);
      await until("the certificate is over", isOver(), patientMs);
      gateway = await machines.start(config);
    }
    return problemOf(gateway) === "HOLON_CHIP_LOST";
  }, patientMs);
  await gateway.node.log.append({ records: [gateway.node.events.record({ stream: "data", type: "test.told", class: "public", producer: "test", data: {} })] }); // it works on alone
  await machines.stop(gateway);
  assert.match(await machines.enroll(await machines.invite(cloud, "gateway-1"), "--tpm", tcti, "--at", edge.node.address ?? ""), /bound to its TPM$/);
  gateway = await machines.start(config);
  await until("it is back", isOpen(gateway), patientMs);
});
