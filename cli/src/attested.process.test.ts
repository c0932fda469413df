/** A gateway with a TPM (swtpm), as its operator meets it: adopted, attested, altered, named. */
import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { softwareTpm } from "@holon/platform/testing/software-tpm.ts";
import { z } from "zod";
import { need } from "../../scripts/testing/need.ts";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { audited, isOpen, Machines, plant } from "./testing/machines.ts";
import { until } from "./testing/wait.ts";

const skip = need("swtpm").skip === false ? need("tpm2").skip : need("swtpm").skip;
const rowSchema = z.object({ name: z.string(), trust: z.object({ level: z.string(), because: z.string(), asOf: z.iso.datetime() }).nullable(), drift: z.array(z.object({ kind: z.string(), text: z.string() })) });

test("a gateway whose TPM signs what was adopted is attested; altered, it is named by its drift and attested no more", onItsTurn(0, 2, skip), async (context) => {
  const machines = new Machines(context);
  const { data } = machines;
  const cloud = await machines.start({ ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0" });
  await machines.enroll(await machines.invite(cloud, "gateway-1"));
  const sealing = { by: "tpm", tcti: await softwareTpm(context) } as const;
  const file = join(data, "holon.node.yaml");
  const config = { ...plant, name: "gateway-1", tier: "gateway", parent: cloud.node.address, uplink: { node: "cloud-1" }, sealing } as const;
  writeFileSync(file, `${JSON.stringify(config)}\n`);
  await machines.holon("node", "measure", file, "--data", data, "--adopt", "--because", "installed");
  const rowOf = async (): Promise<z.infer<typeof rowSchema>> => z.array(rowSchema).parse(JSON.parse(await machines.holon("node", "list", "--api", cloud.api, "--data", data, "--json"))).find(({ name }) => name === "gateway-1") ?? assert.fail();
  let gateway = await machines.start(config, data, file);
  await until("it is linked", isOpen(gateway));
  const trust = () => cloud.control?.nodes().find(({ name }) => name === "gateway-1")?.trust;
  await until("control is sure of it", () => trust()?.level === "attested", 120_000);
  assert.equal((await rowOf()).trust?.level, "attested");
  await machines.stop(gateway);
  appendFileSync(file, "# a line that nobody adopted\n");
  gateway = await machines.start(config, data, file);
  await until("it is attested no more", () => trust()?.level === "enrolled", 120_000);
  const row = await rowOf();
  assert.match(row.trust?.because ?? "", /its TPM signs that it is altered: configuration/);
  await until("it has told so itself", () => cloud.control?.nodes().some(({ name, drift }) => name === "gateway-1" && drift.some(({ kind }) => kind === "measured")), 120_000);
  assert.match(await machines.holon("node", "drift", "gateway-1", "--api", cloud.api, "--data", data), /it is not made of what was adopted: configuration/);
  assert.equal((await audited(cloud, "holon.node.distrusted")).length, 1);
});
