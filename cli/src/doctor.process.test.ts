/** What doctor says where no node can be asked: who else is at the address, and certificates that are over or damaged. What it says of nodes is `core/src/diagnosis/findings.test.ts`. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { createClock } from "@holon/platform/clock.ts";
import { openAuthority } from "@holon/platform/identity/authority.ts";
import { certifyHere } from "@holon/platform/identity/here.ts";
import { NodeIdentity } from "@holon/platform/identity.ts";
import { z } from "zod";
import { runHolon } from "./testing/holon-process.ts";

const findingsSchema = z.object({ findings: z.array(z.object({ check: z.string(), state: z.string(), says: z.string(), next: z.string().optional() })) });

test("another program at the address, a certificate that is over and one that is damaged are found, each with what to do", async (context) => {
  const data = tempFolder(context);
  const clock = createClock();
  const year = 365 * 86_400_000;
  const past = { ...clock, wall: () => ({ ms: Date.now() - 2 * year, state: "synced" as const }) };
  const folder = join(data, "cloud-1");
  mkdirSync(folder, { recursive: true });
  await certifyHere(await NodeIdentity.open(folder, past), await openAuthority(folder, past), { node: "cloud-1", site: "cloud", tier: "cloud" }, past, 3_600_000);
  mkdirSync(join(data, "edge-1/identity"), { recursive: true });
  writeFileSync(join(data, "edge-1/identity/identity.json"), "{");
  const server = createServer((_, response) => response.end("hello"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);

  const { exitCode, stdout } = await runHolon(context, ["doctor", "--api", `http://127.0.0.1:${address.port}`, "--data", data, "--json"]);
  assert.equal(exitCode, 1);
  const { findings } = findingsSchema.parse(JSON.parse(stdout));
  const found = (pattern: RegExp) => findings.find(({ says }) => pattern.test(says));
  assert.match(found(/that of cloud-1 ended \d{4}/)?.next ?? "", /key of the old/);
  assert.match(found(/that of edge-1 cannot be read/)?.next ?? "", /enrol the node again/);
  assert.match(findings.find(({ check, state }) => check === "nodes" && state === "bad")?.next ?? "", /another port/);
});
